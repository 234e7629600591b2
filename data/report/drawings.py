"""The pictures of the report, as SVG text in the colours of a light page; `dark` has those of a dark one."""

import io
import warnings

import matplotlib

matplotlib.use("agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import FuncFormatter, MaxNLocator

from data.errors import short
from data.report.phrases import TellTale
from data.report.profile import LIMIT, Category
from data.report.vocabulary import Growth, Word

INK, GREY, LINE, INSIDE = "#20242b", "#747c88", "#d5d9df", "#fffffe"  # the last: on top of a bar
COLOURS = ("#1f5fa8", "#c8591b", "#2f8a5b", "#8757b2", "#a98200", "#2b93a8")  # of the labels
DARK = {
    INK: "#e6e9ee",
    GREY: "#9aa3b0",
    LINE: "#3b424d",
    INSIDE: "#161a20",
    **dict(zip(COLOURS, ("#6eaaf0", "#f19259", "#6bc394", "#b994e0", "#d7b33c", "#63c4d8"), strict=True)),
}
FEW = len(COLOURS)  # up to so many labels have a colour each
MOST = 25  # labels or values in one picture
STYLE = {
    "svg.fonttype": "none",  # text stays text: it can be searched, and no script lacks a glyph
    "svg.hashsalt": "tickets",  # the same tickets give the same file
    "text.parse_math": False,  # a $ in a label is a dollar
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "text.color": INK,
    "axes.labelcolor": GREY,
    "axes.edgecolor": LINE,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": LINE,
    "grid.linewidth": 0.6,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": GREY,
    "ytick.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "legend.frameon": False,
}


def dark(svg: str) -> str:
    """The same picture for a dark page."""
    for light, other in DARK.items():
        svg = svg.replace(light, other)
    return svg


def balance(counts: dict[str, np.ndarray], names: tuple[str, ...]) -> str:
    """Messages of each label: as shares of each split for a few labels, as counts over all splits for many."""
    with plt.rc_context(STYLE):
        if len(names) > FEW:
            return _ranking(sum(counts.values()), names)
        figure, axis = plt.subplots(figsize=(7.2, 0.7 + 0.42 * len(counts)))
        shares = np.array([c / max(c.sum(), 1) for c in counts.values()])
        left = np.zeros(len(shares))
        for c, name in enumerate(names):
            axis.barh(
                range(len(shares)), shares[:, c], left=left, height=0.62, color=COLOURS[c], label=_plain(name, 28)
            )
            for i, share in enumerate(shares[:, c]):
                if share >= 0.07:
                    axis.text(left[i] + share / 2, i, f"{share:.0%}", ha="center", va="center", color=INSIDE)
            left += shares[:, c]
        axis.set_yticks(range(len(shares)), counts)
        axis.invert_yaxis()
        axis.set(xlim=(0, 1))
        axis.xaxis.set_visible(False)
        axis.grid(False)
        figure.legend(loc="outside upper left", ncols=min(len(names), 4), labelcolor=INK)
        return _svg(figure)


def _ranking(total: np.ndarray, names: tuple[str, ...]) -> str:
    order = np.argsort(-total, kind="stable")
    if len(order) > MOST:  # both ends: the rare ones are those to worry about
        order = np.concatenate([order[: MOST // 2], order[-(MOST // 2) :]])
    figure, axis = plt.subplots(figsize=(7.2, 0.7 + 0.21 * len(order)))
    axis.barh(range(len(order)), total[order], height=0.68, color=COLOURS[0])
    axis.set_yticks(range(len(order)), [_plain(names[i], 40) for i in order])
    axis.set_ylim(len(order) - 0.4, -0.6)
    axis.grid(False, axis="y")
    axis.tick_params(axis="y", length=0)
    title = (
        ""
        if len(order) == len(names)
        else f"the {MOST // 2} commonest and the {MOST // 2} rarest of {len(names)} labels"
    )
    axis.set(title=title, xlabel="messages")
    return _svg(figure)


def lengths(counts: np.ndarray, unit: str, marks: np.ndarray, names: tuple[str, ...]) -> str:
    """How long the messages of each label are, on a logarithmic scale; `counts`: (n,) words or tokens."""
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots(figsize=(5.0, 2.7))
        longest = max(counts.max(), 2)
        edges = np.unique(np.round(np.geomspace(1, longest + 1, 26))) - 0.5
        few = len(names) <= FEW
        for c, name in enumerate(names) if few else [(0, "all labels")]:
            chosen = counts[marks[:, c] == 1] if few else counts
            share = np.histogram(np.maximum(chosen, 1), edges)[0] / max(len(chosen), 1)
            # Bars of a logarithmic scale have unequal widths: the height is the share per equal step on the axis.
            height = share / np.diff(np.log2(edges.clip(0.5)))
            axis.stairs(height, edges, color=COLOURS[c], linewidth=1.6, label=_plain(name, 28))
            axis.stairs(height, edges, color=COLOURS[c], alpha=0.12, fill=True)
        if unit == "tokens" and longest > LIMIT * 0.6:
            axis.axvline(LIMIT, color=GREY, linewidth=1, linestyle="--")
            axis.text(LIMIT, 1, f" {LIMIT}", transform=axis.get_xaxis_transform(), color=GREY, va="top")
        axis.set_xscale("log", base=2)
        axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}"))
        axis.yaxis.set_visible(False)
        axis.grid(False, axis="y")
        axis.set(xlabel=f"{unit} in a message", ylim=(0, None), xlim=(max(edges[0], 0.9), edges[-1] * 1.05))
        axis.legend(loc="upper left", fontsize=8, labelcolor=INK)
        return _svg(figure)


def words(top: dict[str, list[Word]], shown: int = 14) -> str:
    """The most typical words of up to six labels, by z-score."""
    some = {name: found[:shown] for name, found in top.items() if found}
    some = dict(sorted(some.items(), key=lambda item: -item[1][0].z)[:FEW]) if len(top) > FEW else some
    if not some:
        return ""
    colour = {name: COLOURS[i if len(top) <= FEW else 0] for i, name in enumerate(top)}
    across = min(len(some), 3)
    down = -(-len(some) // across)
    with plt.rc_context(STYLE):
        size = (3.6 * max(across, 2), down * (0.75 + 0.205 * max(map(len, some.values()))))
        figure, axes = plt.subplots(down, across, figsize=size, squeeze=False, sharex=True)
        for axis in axes.flat[len(some) :]:
            axis.set_visible(False)
        for axis, (name, found) in zip(axes.flat, some.items(), strict=False):
            axis.barh(range(len(found)), [w.z for w in found], height=0.66, color=colour[name])
            axis.set_yticks(range(len(found)), [_plain(w.word, 20) for w in found])
            axis.set_ylim(max(map(len, some.values())) - 0.4, -0.6)
            axis.grid(False, axis="y")
            axis.tick_params(axis="y", length=0)
            axis.set(title=_plain(name, 30))
        for axis in axes[-1]:
            axis.set(xlabel="z-score of the log-odds")
        return _svg(figure)


def tell_tales(found: list[TellTale], names: tuple[str, ...], shown: int = 24) -> str:
    """P(label | phrase): the share, down to its lower bound, and the share of the label in all messages."""
    found = found[:shown]
    with plt.rc_context(STYLE):
        few = len(names) <= FEW
        figure, axis = plt.subplots(figsize=(7.2 if few else 9.6, 0.8 + 0.235 * len(found)))
        for i, one in enumerate(found):
            colour, share = COLOURS[names.index(one.label) if few else 0], one.hits / one.units
            axis.plot([one.low, share], [i, i], color=colour, linewidth=2.4, alpha=0.55)
            axis.plot(share, i, "o", color=colour, markersize=5)
            axis.plot(one.base, i, "|", color=GREY, markersize=9)
            axis.text(1.02, i, f"{one.hits} of {one.units}", color=GREY, va="center", fontsize=8)
        axis.set_yticks(
            range(len(found)),
            [_plain(t.phrase, 44) if few else f"{_plain(t.phrase, 28)}: {_plain(t.label, 36)}" for t in found],
        )
        axis.set(
            ylim=(len(found) - 0.4, -0.6),
            xlim=(0, 1.16),
            xlabel="share with the label (line: down to the lower bound; tick: in all messages)",
        )
        axis.set_xticks(np.linspace(0, 1, 6))
        axis.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:.0%}"))
        axis.grid(False, axis="y")
        axis.tick_params(axis="y", length=0)
        handles = [
            plt.Line2D([], [], color=COLOURS[c], marker="o", label=_plain(name, 28))
            for c, name in enumerate(names)
            if few and any(one.label == name for one in found)
        ]
        if handles:
            figure.legend(handles=handles, loc="outside upper left", ncols=3, labelcolor=INK)
        return _svg(figure)


def growth(curve: Growth) -> str:
    """Distinct words against words read, with the fitted law."""
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots(figsize=(5.2, 3.0))
        axis.plot(curve.tokens, curve.types, color=COLOURS[0], linewidth=2.2, label="these messages")
        if np.isfinite(curve.exponent):
            axis.plot(
                curve.tokens,
                curve.factor * curve.tokens**curve.exponent,
                color=COLOURS[1],
                linewidth=1.2,
                linestyle="--",
                label=f"{curve.factor:.3g} N^{curve.exponent:.2f}",
            )
        for one in (axis.xaxis, axis.yaxis):
            one.set_major_locator(MaxNLocator(5))
            one.set_major_formatter(FuncFormatter(lambda x, _: f"{x:,.0f}"))
        axis.set(xlabel="words read, N", ylabel="distinct words", xlim=(0, None), ylim=(0, None))
        axis.legend(loc="lower right", labelcolor=INK)
        return _svg(figure)


def category(one: Category, names: tuple[str, ...], shown: int = 15) -> str:
    """The labels of the commonest values of a column, for a few labels; bars are as thick as values are common."""
    counts, units = one.counts[:shown], one.units[:shown]
    with plt.rc_context(STYLE):
        figure, axis = plt.subplots(figsize=(3.3, 0.45 + 0.24 * len(counts)))
        shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
        thick = 0.25 + 0.6 * np.sqrt(units / units.max())
        left = np.zeros(len(counts))
        for c in range(len(names)):
            axis.barh(range(len(counts)), shares[:, c], left=left, height=thick, color=COLOURS[c])
            left += shares[:, c]
        for i, count in enumerate(units):
            axis.text(1.02, i, f"{count:,}", va="center", fontsize=7.5, color=GREY)
        labels = [_plain(value, 20) if value else "(empty)" for value in one.values[:shown]]
        axis.set_yticks(range(len(counts)), labels, fontsize=8)
        axis.set(ylim=(len(counts) - 0.4, -0.6), xlim=(0, 1.14))
        axis.xaxis.set_visible(False)
        axis.spines["bottom"].set_visible(False)
        axis.grid(False)
        axis.tick_params(axis="y", length=0)
        more = f", {len(counts)} of {one.total:,}" if one.total > len(counts) else ""
        axis.set_title(_plain(one.name, 26) + more)
        return _svg(figure)


def _plain(value: str, limit: int) -> str:
    return short(value, limit)[1:-1]


def _svg(figure) -> str:
    text = io.StringIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that its own font lacks a glyph: the reader's browser has another
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    plt.close(figure)
    return text.getvalue().replace("'DejaVu Sans'", "system-ui, 'DejaVu Sans', sans-serif")
