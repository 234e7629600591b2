"""The training loss: cross-entropy per ticket, with class weights and label smoothing."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F

from data.labels import LabelSpace
from train.errors import OptionError


@dataclass
class Objective:
    """Cross-entropy (softmax for one label a ticket, sigmoid for several), summed over tickets.

    class_weights: float32 of shape (classes,); for multi-label tickets the weight of a present label.
    """

    kind: str
    class_weights: torch.Tensor
    smoothing: float

    def total(self, logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The summed loss of logits (n, classes); divide by `weight()` of the whole step to get its mean."""
        weights = self.class_weights.to(logits.device)
        if self.kind == "multilabel":
            targets = labels * (1 - self.smoothing) + 0.5 * self.smoothing
            losses = F.binary_cross_entropy_with_logits(logits, targets, pos_weight=weights, reduction="none")
            return losses.mean(dim=1).sum()
        return F.cross_entropy(logits, labels, weight=weights, label_smoothing=self.smoothing, reduction="sum")

    def weight(self, labels: np.ndarray) -> float:
        """What the summed loss of these labels is divided by: their class weights, as torch's mean does."""
        if self.kind == "multilabel":
            return float(len(labels))
        return float(self.class_weights.numpy()[labels].sum())

    def prior_shift(self) -> torch.Tensor:
        """What the weights added to the logits at the optimum, shape (classes,): log w.

        A loss weighted by w is minimised by posteriors in proportion to w·p(y|x) (Elkan 2001), so taking
        log w off the bias gives back the probabilities of the real class shares.
        """
        return self.class_weights.log()


def make_objective(asked: str, labels: LabelSpace, targets: np.ndarray, smoothing: float) -> Objective:
    """The objective for `--class-weights`: none, balanced (mean weight 1 over tickets), or name=w,name=w."""
    classes = len(labels.names)
    weights = np.ones(classes, dtype=np.float32)
    if asked == "balanced":
        if labels.kind == "multilabel":
            present = targets.sum(axis=0)
            weights = (len(targets) - present) / np.maximum(present, 1)
        else:
            counts = np.bincount(targets, minlength=classes)
            weights = len(targets) / (classes * np.maximum(counts, 1))
    elif asked != "none":
        for part in asked.split(","):
            name, equals, value = part.strip().rpartition("=")
            if not equals or name not in labels.names:
                raise OptionError(
                    f"--class-weights: {part.strip()!r} is not name=weight for one of the classes "
                    f"{', '.join(labels.names[:8])}{' …' if classes > 8 else ''}"
                )
            try:
                weights[labels.names.index(name)] = float(value)
            except ValueError:
                raise OptionError(f"--class-weights: the weight of {name} is {value!r}, but must be a number") from None
        if (weights <= 0).any():
            raise OptionError("--class-weights: every weight must be above 0")
    return Objective(labels.kind, torch.tensor(weights, dtype=torch.float32), smoothing)
