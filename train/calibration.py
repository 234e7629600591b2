"""Calibration into the head: probabilities that mean what they say, for every consumer of the model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from accelerate import Accelerator
from scipy.optimize import minimize_scalar
from scipy.special import expit, log_expit, log_softmax, softmax
from transformers import PreTrainedModel

from train.checkpoint import Progress
from train.encoder import head_of
from train.objective import Objective
from train.predict import predict
from train.tokens import Tokens


@dataclass
class Outcome:
    """What fine-tuning and calibration made.

    uncalibrated, logits: by split (validation, test), float32 (n, classes), before and after the head was scaled.
    """

    progress: Progress
    temperature: float
    uncalibrated: dict[str, np.ndarray]
    logits: dict[str, np.ndarray]

    def probabilities(self, split: str, kind: str) -> np.ndarray:
        """Calibrated probabilities of a split, float64 (n, classes)."""
        return probabilities(self.logits[split], kind)


def calibrate(
    classifier: PreTrainedModel,
    tokens: dict[str, Tokens],
    objective: Objective,
    kind: str,
    progress: Progress,
    accelerator: Accelerator,
) -> Outcome:
    """Fits the temperature on validation, puts it into the head, and predicts both held-out splits again."""
    held_out = ("validation", "test")
    uncalibrated = {name: predict(classifier, tokens[name], accelerator) for name in held_out}
    unweighted = uncalibrated["validation"] - objective.prior_shift().numpy()
    temperature = fit_temperature(unweighted, tokens["validation"].labels, kind)
    scale_head(classifier, temperature, objective.prior_shift())
    # Predicted again, not computed: these are the figures of the weights that will be saved.
    logits = {name: predict(classifier, tokens[name], accelerator) for name in held_out}
    return Outcome(progress, temperature, uncalibrated, logits)


def probabilities(logits: np.ndarray, kind: str) -> np.ndarray:
    """Softmax over the classes, or a sigmoid for each label; float64 of shape (n, classes)."""
    logits = logits.astype(np.float64)
    return expit(logits) if kind == "multilabel" else softmax(logits, axis=1)


def negative_log_likelihood(logits: np.ndarray, labels: np.ndarray, kind: str) -> float:
    """Mean over tickets (and, for multi-label, over labels)."""
    logits = logits.astype(np.float64)
    if kind == "multilabel":
        return float(-np.where(labels > 0, log_expit(logits), log_expit(-logits)).mean())
    return float(-log_softmax(logits, axis=1)[np.arange(len(labels)), labels].mean())


def fit_temperature(logits: np.ndarray, labels: np.ndarray, kind: str) -> float:
    """The T that makes softmax(logits / T) most likely on held-out tickets (Guo et al. 2017), within 0.05 … 20."""
    found = minimize_scalar(
        lambda log_t: negative_log_likelihood(logits / np.exp(log_t), labels, kind),
        bounds=(np.log(0.05), np.log(20.0)),
        method="bounded",
    )
    return float(np.exp(found.x))


def scale_head(classifier: PreTrainedModel, temperature: float, prior_shift: torch.Tensor) -> None:
    """Takes the class weights' shift off the bias and divides weight and bias by the temperature, in place.

    Logits of the saved model are then calibrated for any consumer, without code of ours.
    """
    head = head_of(classifier)
    with torch.no_grad():
        head.bias.sub_(prior_shift.to(head.bias.device)).div_(temperature)
        head.weight.div_(temperature)
