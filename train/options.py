"""The options of a training run, as typed dataclasses.

The command line and YAML recipes fill the same fields (`train/command_line.py`), so a field that is added
here is at once a flag, a recipe key, a line of `--help` and an entry of `metrics.json`. This module must stay
cheap to import: `--help` has to answer before torch would be loaded.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from data.options import DataOptions

PACKAGED = "all-MiniLM-L6-v2"


def option(default: Any, help: str, **limits: Any) -> Any:
    """A dataclass field with its help text and its limits (`minimum`, `maximum`, `choices`)."""
    return field(default=default, metadata={"help": help, **limits})


@dataclass
class ModelOptions:
    """Which encoder is fine-tuned, and how much of a ticket it reads."""

    model: str = option(
        PACKAGED,
        f"the encoder to start from: {PACKAGED} (a 6-layer BERT that is installed with the requirements, no "
        "network needed), a local folder, or any encoder of the Hub, such as google-bert/bert-base-uncased",
    )
    max_length: int = option(
        320, "longest input in tokens; what is longer is truncated and counted", minimum=8, maximum=8192
    )


@dataclass
class TrainingOptions:
    """How the encoder is fine-tuned."""

    pooler_epochs: int = option(
        0,
        "passes, before fine-tuning, in which the pooler of an encoder that was pretrained with mean pooling learns to "
        "answer with that mean; each costs more than an epoch, and other encoders make none",
        minimum=0,
    )
    epochs: int = option(3, "passes over the training split, at most", minimum=1)
    learning_rate: float = option(2e-4, "peak learning rate of the top layer of the encoder", minimum=0.0)
    head_learning_rate: float = option(1e-3, "peak learning rate of the new classification layer", minimum=0.0)
    batch_size: int = option(32, "tickets in a micro-batch of one process", minimum=1)
    gradient_accumulation_steps: int = option(1, "micro-batches that share one optimiser step", minimum=1)
    warmup_ratio: float = option(0.1, "share of the steps in which the learning rate rises", minimum=0.0, maximum=1.0)
    weight_decay: float = option(0.01, "decoupled weight decay of the matrices", minimum=0.0)
    layer_decay: float = option(
        0.9,
        "factor by which the learning rate shrinks with each layer below the top",
        minimum=0.0,
        maximum=1.0,
    )
    label_smoothing: float = option(0.0, "share of the target spread evenly over the classes", minimum=0.0, maximum=0.9)
    class_weights: str = option(
        "none", "weights in the training loss: none, balanced, or name=w,name=w for some of the classes"
    )
    metric: str = option(
        "pr_auc",
        "what picks the best epoch, measured on the validation split",
        choices=("accuracy", "macro_f1", "roc_auc", "pr_auc", "mcc", "loss"),
    )
    patience: int = option(3, "epochs without a better metric before training stops; 0 never stops early", minimum=0)
    precision: str = option(
        "auto",
        "number format of the matrix products; auto takes bf16 where this hardware is faster with it",
        choices=("auto", "fp32", "bf16", "fp16"),
    )
    seed: int = option(0, "seed of the head, the shuffling, the dropout and the splits", minimum=0, maximum=2**32 - 1)
    folds: int = option(
        0,
        "cross-validate the fine-tuning with this many grouped, stratified folds first; 0 does not",
        minimum=0,
    )


@dataclass
class DecisionOptions:
    """What a wrong decision costs; sets the decision threshold of a binary model."""

    cost_miss: float = option(5.0, "cost of a churn signal that is not flagged", minimum=0.0)
    cost_false_alarm: float = option(1.0, "cost of a ticket that is flagged without cause", minimum=0.0)


@dataclass
class RunOptions:
    """Where the run is kept and how it is followed."""

    output_dir: str = option("runs", "folder in which the run's own folder is made")
    run_name: str | None = option(None, "name of the run's folder; default: date and time")
    resume: str | None = option(
        None,
        "continue an interrupted run: its folder, or nothing for the newest unfinished one in --output-dir",
        bare="newest",
    )
    checkpoint_steps: int = option(
        0, "also write a checkpoint every so many optimiser steps; 0: after each epoch only", minimum=0
    )
    tracker: str = option(
        "trackio",
        "experiment tracker; none switches it off",
        choices=("trackio", "mlflow", "tensorboard", "wandb", "none"),
    )


@dataclass
class HubOptions:
    """Where the model is published."""

    push_to_hub: str | None = option(None, "model repository (org/name) that receives the finished model")
    hub_public: bool = option(False, "make a new repository public; private otherwise")
    hub_revision: str | None = option(None, "branch to push to; default: main")
    hub_tag: str | None = option(None, "tag to set on the pushed commit")


@dataclass
class Options:
    """All options of a run, in the groups of `--help`."""

    data: DataOptions = field(default_factory=DataOptions, metadata={"title": "Tickets"})
    model: ModelOptions = field(default_factory=ModelOptions, metadata={"title": "Model"})
    training: TrainingOptions = field(default_factory=TrainingOptions, metadata={"title": "Fine-tuning"})
    decision: DecisionOptions = field(default_factory=DecisionOptions, metadata={"title": "Decision"})
    run: RunOptions = field(default_factory=RunOptions, metadata={"title": "Run"})
    hub: HubOptions = field(default_factory=HubOptions, metadata={"title": "Hugging Face Hub"})

    def flat(self) -> dict[str, Any]:
        """Every option by its flag's name; what `options.json` holds and a recipe may hold."""
        return {name: value for group in asdict(self).values() for name, value in group.items()}
