"""Every figure of a run: the model beside its baselines, with intervals, calibration, threshold and slices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from datasets import Dataset

from data.labels import LabelSpace
from train.bootstrap import Bootstrap, interval
from train.metrics import Scorer
from train.slices import minimal_pairs, pair_consistency, slices

FIGURES = ("accuracy", "macro_f1", "roc_auc", "pr_auc", "mcc", "brier", "nll", "ece")
SLICE_FIGURES = ("accuracy", "macro_f1", "roc_auc")


@dataclass
class Evaluation:
    """Computes figures on one split; all of them share its bootstrap resamples, so differences are paired."""

    split: Dataset
    labels: LabelSpace
    pair_column: str | None
    group_column: str | None
    seed: int = 0

    def __post_init__(self) -> None:
        self.truth = np.asarray(self.split["label"])
        self.bootstrap = Bootstrap(self.split["group"], self.seed)
        self._kept: dict[bytes, tuple[dict, list[dict]]] = {}

    def figures(self, probabilities: np.ndarray) -> dict:
        """`{metric: {"value", "low", "high"}}` and `per_class: {name: {metric: …, "support"}}`."""
        value, draws = self._drawn(probabilities)
        found = {name: interval(value[name], [d[name] for d in draws], centred=name == "ece") for name in FIGURES}
        found["per_class"] = {
            label: {
                "support": int(value["per_class"]["support"][c]),
                **{
                    name: interval(value["per_class"][name][c], [d["per_class"][name][c] for d in draws])
                    for name in ("precision", "recall", "f1")
                },
            }
            for c, label in enumerate(self.labels.names)
        }
        return found

    def advantage(self, probabilities: np.ndarray, baseline: np.ndarray) -> dict:
        """Model minus baseline on the same resamples, and the share of resamples in which the model is ahead."""
        (mine, ours), (other, theirs) = self._drawn(probabilities), self._drawn(baseline)
        found = {}
        for name in ("accuracy", "macro_f1", "roc_auc", "pr_auc"):
            differences = [a[name] - b[name] for a, b in zip(ours, theirs, strict=True)]
            ahead = float(np.mean([d > 0 for d in differences]))
            found[name] = {**interval(mine[name] - other[name], differences), "ahead": ahead}
        return found

    def decision(self, probability: np.ndarray, threshold: float, miss: float, false_alarm: float) -> dict:
        """Precision, recall, F1, share flagged and cost a ticket of a binary model at its threshold."""
        positive, flagged = self.truth == 1, probability >= threshold

        def compute(weights: np.ndarray) -> dict[str, float]:
            hit, flags, support = (weights @ v for v in (positive & flagged, flagged, positive))
            cost = miss * (support - hit) + false_alarm * (flags - hit)
            return {
                "precision": hit / flags if flags else 0.0,
                "recall": hit / support if support else np.nan,
                "f1": 2 * hit / (flags + support) if flags + support else 0.0,
                "flagged": flags / weights.sum(),
                "cost_per_ticket": cost / weights.sum(),
            }

        return self.bootstrap.figures(compute)

    def slices(self, probabilities: np.ndarray) -> dict:
        """Accuracy, macro-F1 and ROC-AUC by every column worth it; see `train.slices.slices`."""
        return slices(self.split, self.pair_column, lambda rows: self._some(probabilities, rows), self.bootstrap)

    def pairs(self, probabilities: np.ndarray) -> dict:
        """Figures on the minimal pairs: ROC-AUC, accuracy, and how many pairs are right as a whole."""
        if self.labels.kind == "multilabel" or self.group_column is None:
            return {}
        found = {}
        right = probabilities.argmax(axis=1) == self.truth
        for name, rows in minimal_pairs(self.split, self.group_column).items():
            if rows.sum() >= 4:  # one pair is no figure
                figures = self.bootstrap.figures(self._some(probabilities, rows), rows)
                consistency = pair_consistency(self.split, self.group_column, rows, right, self.bootstrap)
                found[name] = {"tickets": int(rows.sum()), **figures, "consistency": consistency}
        return found

    def _drawn(self, probabilities: np.ndarray) -> tuple[dict, list[dict]]:
        """All metrics on the split itself and on each resample; kept, since a comparison asks for them again."""
        key = probabilities.tobytes()
        if key not in self._kept:
            scorer = Scorer(probabilities, self.truth, self.labels.kind)
            self._kept[key] = scorer(), [scorer(counts) for counts in self.bootstrap.counts]
        return self._kept[key]

    def _some(self, probabilities: np.ndarray, rows: np.ndarray):
        scorer = Scorer(probabilities[rows], self.truth[rows], self.labels.kind)

        def compute(weights: np.ndarray) -> dict[str, float]:
            figures = scorer(weights)
            return {name: figures[name] for name in SLICE_FIGURES}

        return compute
