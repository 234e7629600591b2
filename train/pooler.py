"""Gives the pooler what the mean of the tokens knows.

Sentence encoders such as all-MiniLM-L6-v2 were pretrained with mean pooling: their knowledge of a whole text is
in the average of its token vectors, and the [CLS] vector that `BertForSequenceClassification` reads was never
trained. A mean-pooled head would fine-tune better from there, but would not be a plain transformers model. So
before fine-tuning the pooler's output learns to equal the pretrained mean, on the training texts and without
their labels (distillation of a representation, Romero et al. 2015), and fine-tuning starts from a [CLS] vector
that carries the same information.
"""

from __future__ import annotations

import copy
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from accelerate import Accelerator
from huggingface_hub import hf_hub_download
from huggingface_hub.errors import EntryNotFoundError
from transformers import PreTrainedModel

from data.hub import plain_errors
from train import batches
from train.encoder import locate
from train.errors import OptionError
from train.options import Options
from train.progress_bar import progress_bar
from train.tokens import Tokens

# tanh, which ends BERT's pooler, is nearly linear for normalised vectors of this size.
SCALE = 0.25
POOLING_FILE = "1_Pooling/config.json"


def pretrained_with_mean(model: str) -> bool:
    """Whether the encoder says (as sentence-transformers models do) that its texts are the mean of their tokens."""
    source = locate(model)
    path = Path(source, POOLING_FILE)
    if not Path(source).is_dir():
        with plain_errors(model, "model"):
            try:
                path = Path(hf_hub_download(source, POOLING_FILE))
            except EntryNotFoundError:  # in the repository, or offline in the cache
                return False
    try:
        return bool(json.loads(path.read_text(encoding="utf-8")).get("pooling_mode_mean_tokens"))
    except FileNotFoundError:
        return False
    except (ValueError, AttributeError):
        raise OptionError(f"--model {model}: its {POOLING_FILE} is not a JSON object") from None


def align(classifier: PreTrainedModel, train: Tokens, options: Options, accelerator: Accelerator) -> None:
    """Trains encoder and pooler, in place, to answer with the normalised mean of the pretrained encoder's tokens.

    A no-op for encoders that were not pretrained with mean pooling, or have no pooler like BERT's. Every process
    ends with the same weights.
    """
    epochs, batch_size = options.training.pooler_epochs, options.training.batch_size
    learning_rate, seed = options.training.learning_rate, options.training.seed
    if not epochs or not pretrained_with_mean(options.model.model):
        return
    encoder = classifier.base_model
    pooler = getattr(encoder, "pooler", None)
    if pooler is None or not hasattr(pooler, "dense"):
        return
    encoder.to(accelerator.device)
    teacher = copy.deepcopy(encoder).eval().requires_grad_(False)
    with torch.no_grad():
        pooler.dense.weight.copy_(torch.eye(len(pooler.dense.weight)) * SCALE)
        pooler.dense.bias.zero_()
    optimizer = torch.optim.AdamW(encoder.parameters(), lr=0.0, weight_decay=0.0, fused=True)
    window = batch_size * accelerator.num_processes
    total = epochs * -(-len(train) // window)
    bar = progress_bar("pooler", total, 0, accelerator.is_main_process)
    encoder.train()
    step = 0
    for epoch in range(epochs):
        for tickets in batches.windows(train.lengths, window, seed, epoch):
            for group in optimizer.param_groups:
                group["lr"] = learning_rate * min(1.0, 10 * (step + 1) / total) * (1 - step / total)
            (rows,) = batches.micro_batches(tickets, batch_size, accelerator.process_index, accelerator.num_processes)
            inputs = train.batch(rows if len(rows) else tickets[:1])
            inputs = {name: t.to(accelerator.device, non_blocking=True) for name, t in inputs.items()}
            with accelerator.autocast():
                with torch.no_grad():
                    target = mean_of_tokens(teacher(**inputs).last_hidden_state, inputs["attention_mask"])
                pooled = encoder(**inputs).pooler_output
            distance = F.mse_loss(pooled.float(), torch.tanh(SCALE * target)) / SCALE**2
            (distance * len(rows) / len(tickets)).backward()
            if accelerator.num_processes > 1:
                # Not wrapped for data parallelism: fine-tuning will wrap these very parameters.
                for parameter in encoder.parameters():
                    if parameter.grad is not None:
                        parameter.grad = accelerator.reduce(parameter.grad, "sum")
            optimizer.step()
            optimizer.zero_grad()
            step += 1
            bar.update()
    bar.set_postfix({"distance": f"{distance.item():.3f}"})
    bar.close()


def mean_of_tokens(hidden: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """The average over real tokens of hidden (n, length, size), normalised to mean 0 and variance 1: (n, size)."""
    weights = mask.unsqueeze(-1).to(hidden.dtype)
    mean = (hidden * weights).sum(dim=1) / weights.sum(dim=1)
    return F.layer_norm(mean.float(), mean.shape[-1:])
