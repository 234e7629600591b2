"""The pictures of a report."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np

from train.metrics import confidence
from train.threshold import CostCurve

BLUE, ORANGE, GREY = "#1f5fa8", "#c8591b", "#8a8f98"
STYLE = {
    "figure.dpi": 130,
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.titlesize": 10.5,
    "legend.frameon": False,
}
MOST_CLASSES = 25


def reliability(path: Path, before: np.ndarray, after: np.ndarray, truth: np.ndarray, kind: str) -> None:
    """Observed frequency against predicted probability, before and after calibration, with the share of tickets."""
    onehot = truth.astype(bool) if kind == "multilabel" else np.eye(before.shape[1], dtype=bool)[truth]
    with plt.rc_context(STYLE):
        figure, (top, bottom) = plt.subplots(2, 1, figsize=(4.6, 5.0), height_ratios=(3, 1), sharex=True)
        top.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
        for probabilities, colour, name in ((before, ORANGE, "before"), (after, BLUE, "after")):
            sure, right = confidence(probabilities, onehot, kind)
            # Bins of equal size, not of equal width: each point then rests on as many tickets as the next.
            bins = np.array_split(np.argsort(sure, kind="stable"), min(10, max(1, len(sure) // 20)))
            xy = np.array([(sure[b].mean(), right[b].mean()) for b in bins])
            top.plot(xy[:, 0], xy[:, 1], marker="o", markersize=4, color=colour, label=f"{name} calibration")
        bottom.hist(confidence(after, onehot, kind)[0], bins=np.linspace(0, 1, 21), color=BLUE)
        top.set(title="Do the probabilities mean what they say?", ylabel="observed share", ylim=(-0.02, 1.02))
        bottom.set(xlabel="predicted probability", ylabel="tickets", xlim=(-0.02, 1.02))
        top.legend()
        _save(figure, path)


def costs(path: Path, curve: CostCurve, threshold: float, miss: float, false_alarm: float) -> None:
    """Mean cost a ticket against the decision threshold, with the chosen one."""
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots(figsize=(4.6, 3.2))
        axis.step(curve.thresholds, curve.costs, where="mid", color=BLUE)
        axis.axvline(threshold, color=ORANGE, linewidth=1.2, label=f"chosen: {threshold:.3f}")
        axis.set(
            title=f"Cost on validation (a miss {miss:g}, a false alarm {false_alarm:g})",
            xlabel="flag from this probability on",
            ylabel="cost a ticket",
            xlim=(0, 1),
            ylim=(0, None),
        )
        axis.legend()
        _save(figure, path)


def curves(path: Path, models: dict[str, np.ndarray], positive: np.ndarray) -> None:
    """ROC and precision-recall curves of several models' probabilities for the positive class, each (n,)."""
    with plt.rc_context(STYLE):
        figure, (roc, pr) = plt.subplots(1, 2, figsize=(8.2, 3.8))
        for (name, scores), colour in zip(models.items(), (BLUE, ORANGE, GREY), strict=False):
            order = np.argsort(-scores, kind="stable")
            last = np.append(np.diff(scores[order]) != 0, True)  # one point for tickets that score the same
            hits, alarms = np.cumsum(positive[order])[last], np.cumsum(~positive[order])[last]
            roc.plot(
                np.append(0, alarms / max(alarms[-1], 1)),
                np.append(0, hits / max(hits[-1], 1)),
                color=colour,
                label=name,
            )
            pr.step(hits / max(hits[-1], 1), hits / (hits + alarms), where="pre", color=colour, label=name)
        roc.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
        pr.axhline(positive.mean(), color=GREY, linewidth=1, linestyle=":")
        roc.set(title="ROC", xlabel="false alarms among the others", ylabel="signals found")
        pr.set(
            title="Precision and recall",
            xlabel="signals found (recall)",
            ylabel="right among the flagged",
            ylim=(0, 1.02),
        )
        roc.legend(loc="lower right")
        _save(figure, path)


def confusion(path: Path, truth: np.ndarray, chosen: np.ndarray, names: tuple[str, ...]) -> None:
    """Counts of true against predicted class; of many classes only those that are confused most."""
    counts = np.zeros((len(names), len(names)), dtype=int)
    np.add.at(counts, (truth, chosen), 1)
    wrong = counts.sum(axis=0) + counts.sum(axis=1) - 2 * counts.diagonal()
    shown = np.sort(np.argsort(-wrong, kind="stable")[:MOST_CLASSES])
    counts, labels = counts[np.ix_(shown, shown)], [names[i] for i in shown]
    size = 2.6 + 0.32 * len(labels)
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots(figsize=(size + 1.0, size))
        axis.imshow(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1.25)
        for (i, j), count in np.ndenumerate(counts):
            if count:
                axis.text(j, i, count, ha="center", va="center", fontsize=9 if len(labels) < 8 else 6)
        axis.set_xticks(range(len(labels)), labels, rotation=0 if len(labels) < 4 else 90)
        axis.set_yticks(range(len(labels)), labels)
        title = "Confusion" if len(shown) == len(names) else f"The {len(shown)} most confused of {len(names)} classes"
        axis.set(title=title, xlabel="predicted", ylabel="true")
        _save(figure, path)


def history(path: Path, epochs: list[dict], metric: str, best: int) -> None:
    """Training loss and validation metric by epoch; the best epoch is marked."""
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots(figsize=(4.6, 3.2))
        x = [e["epoch"] for e in epochs]
        axis.plot(x, [e["loss"] for e in epochs], color=GREY, marker="o", markersize=3, label="training loss")
        other = axis.twinx()
        other.spines["right"].set_visible(True)
        other.plot(x, [e[metric] for e in epochs], color=BLUE, marker="o", markersize=3, label=f"validation {metric}")
        other.axvline(best, color=ORANGE, linewidth=1, linestyle=":", label="kept")
        axis.set(title="Fine-tuning", xlabel="epoch", ylabel="loss", xticks=x)
        figure.legend(
            *[a + b for a, b in zip(axis.get_legend_handles_labels(), other.get_legend_handles_labels(), strict=True)],
            loc="outside lower center",
            ncols=3,
            fontsize=8,
        )
        _save(figure, path)


def _save(figure, path: Path) -> None:
    figure.savefig(path, metadata={"Software": None})
    plt.close(figure)
