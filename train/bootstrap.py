"""Bootstrap intervals: how far a figure would move with another sample of tickets."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

RESAMPLES = 1000
LEVEL = 0.95


class Bootstrap:
    """Resamples of one split, shared by all figures on it, so that differences are paired.

    Whole groups are drawn, not tickets (Davison & Hinkley 1997, §3.8): twins and near-duplicates are not
    independent, and intervals that pretend otherwise are too narrow. A resample is a vector of counts (n,).
    """

    def __init__(self, groups: Sequence, seed: int = 0, resamples: int = RESAMPLES) -> None:
        _, group = np.unique(np.asarray(groups), return_inverse=True)
        drawn = np.random.default_rng(seed).multinomial(
            group.max() + 1, np.full(group.max() + 1, 1 / (group.max() + 1)), size=resamples
        )
        self.n = len(group)
        self.counts = drawn[:, group]

    def figures(self, compute: Callable[[np.ndarray], dict], rows: np.ndarray | None = None) -> dict[str, dict]:
        """`{"value", "low", "high"}` for each number in `compute(weights)`; with `rows` (bool), on those alone."""
        value = compute(self._within(np.ones(self.n), rows))
        drawn = [compute(self._within(c, rows)) for c in self.counts if self._within(c, rows).sum() > 0]
        return {name: interval(value[name], [d[name] for d in drawn]) for name in value}

    @staticmethod
    def _within(counts: np.ndarray, rows: np.ndarray | None) -> np.ndarray:
        return counts if rows is None else counts[rows]


def interval(value: float, resampled: Sequence[float], centred: bool = False) -> dict[str, float | None]:
    """The figure with its 95 % percentile interval; None where it is not defined (ROC-AUC of one class).

    Resamples on which the figure is not defined are left out. `centred` shifts the interval to the figure: for
    the calibration error, whose resamples are biased upwards, since each repeats tickets and so looks less even.
    """
    kept = np.asarray([r for r in resampled if not np.isnan(r)])
    if np.isnan(value) or not len(kept):
        return {"value": None, "low": None, "high": None}
    low, high = np.quantile(kept, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    if centred:
        middle = np.median(kept)
        low, high = max(value + low - middle, 0.0), value + high - middle
    return {"value": float(value), "low": float(low), "high": float(high)}
