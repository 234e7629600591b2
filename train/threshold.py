"""The decision threshold of a binary model: where flagging a ticket is worth its cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass
class CostCurve:
    """Mean cost a ticket at each candidate threshold, lowest threshold first; both of shape (m,)."""

    thresholds: np.ndarray
    costs: np.ndarray


def cost_curve(probability: np.ndarray, positive: np.ndarray, miss: float, false_alarm: float) -> CostCurve:
    """The cost of flagging tickets whose probability reaches the threshold, for every threshold that differs.

    Candidates lie halfway between neighbouring scores, and at 0 (flag all) and just above 1 (flag none).
    """
    scores = np.unique(probability)
    thresholds = np.concatenate([[0.0], (scores[1:] + scores[:-1]) / 2, [1.0 + 1e-9]])
    sorted_positive, sorted_negative = np.sort(probability[positive]), np.sort(probability[~positive])
    missed = np.searchsorted(sorted_positive, thresholds)
    alarms = len(sorted_negative) - np.searchsorted(sorted_negative, thresholds)
    return CostCurve(thresholds, (missed * miss + alarms * false_alarm) / len(probability))


def choose_threshold(curve: CostCurve, miss: float, false_alarm: float) -> float:
    """The cheapest threshold; among equals, the one nearest to what calibrated probabilities ask for.

    With true probabilities the best threshold is false_alarm / (miss + false_alarm) (Elkan 2001). A validation
    split leaves many thresholds within noise of each other, and this breaks the tie towards theory.
    """
    theory = false_alarm / (miss + false_alarm)
    cheapest = curve.thresholds[curve.costs <= curve.costs.min() + 1e-12]
    return float(cheapest[np.argmin(np.abs(cheapest - theory))])
