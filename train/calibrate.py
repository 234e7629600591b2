"""From a fine-tuned classifier to a calibrated one, with the logits of both."""

from __future__ import annotations

from accelerate import Accelerator
from transformers import PreTrainedModel

from train import calibration
from train.checkpoint import Progress
from train.objective import Objective
from train.predict import predict
from train.report import Outcome
from train.tokens import Tokens


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
    temperature = calibration.fit_temperature(unweighted, tokens["validation"].labels, kind)
    calibration.scale_head(classifier, temperature, objective.prior_shift())
    # Predicted again, not computed: these are the figures of the weights that will be saved.
    logits = {name: predict(classifier, tokens[name], accelerator) for name in held_out}
    return Outcome(progress, temperature, uncalibrated, logits)
