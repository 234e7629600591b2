"""What picks the best epoch: one metric on the validation split."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from train import calibration
from train.metrics import Scorer
from train.objective import Objective


@dataclass
class Selection:
    """The metric of validation logits (n, classes) against their labels, as the saved head will answer."""

    metric: str
    objective: Objective
    labels: np.ndarray

    def __call__(self, logits: np.ndarray) -> float:
        """Higher is better, except for `loss`."""
        kind = self.objective.kind
        logits = logits - self.objective.prior_shift().numpy()
        if self.metric == "loss":
            return calibration.negative_log_likelihood(logits, self.labels, kind)
        return Scorer(calibration.probabilities(logits, kind), self.labels, kind)()[self.metric]
