"""Logits of a split, each ticket exactly once, on any number of processes."""

from __future__ import annotations

import numpy as np
import torch
from accelerate import Accelerator
from transformers import PreTrainedModel

from train.tokens import Tokens

# Batches are cut by tokens, not by tickets: small enough for a processor's caches, large enough for a GPU.
TOKENS_A_BATCH = 2048


def predict(model: PreTrainedModel, tokens: Tokens, accelerator: Accelerator) -> np.ndarray:
    """Logits, float32 of shape (n, classes), in the order of the split, the same on every process.

    Always in fp32, whatever training uses: these are the figures that a plain pipeline will reproduce.
    """
    order = np.argsort(tokens.lengths, kind="stable")[accelerator.process_index :: accelerator.num_processes]
    parts: list[torch.Tensor] = []
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        for rows in _by_tokens(order, tokens.lengths[order]):
            inputs = {name: t.to(accelerator.device) for name, t in tokens.batch(rows).items()}
            parts.append(model(**inputs).logits.float())
    model.train(was_training)
    classes = model.config.num_labels
    # Shares differ by one where n is odd: pad to the same length, gather, and place by index.
    share = -(-len(tokens) // accelerator.num_processes)
    rows = torch.full((share,), -1, dtype=torch.long, device=accelerator.device)
    logits = torch.zeros((share, classes), device=accelerator.device)
    rows[: len(order)] = torch.as_tensor(order.copy(), device=accelerator.device)
    if parts:
        logits[: len(order)] = torch.cat(parts)
    rows, logits = accelerator.gather((rows, logits))
    result = np.full((len(tokens), classes), np.nan, dtype=np.float32)
    inside = (rows >= 0).cpu().numpy()
    result[rows.cpu().numpy()[inside]] = logits.cpu().numpy()[inside]
    return result


def _by_tokens(order: np.ndarray, lengths: np.ndarray) -> list[np.ndarray]:
    """Cuts tickets, shortest first, into batches of about TOKENS_A_BATCH padded tokens."""
    batches = []
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and (stop + 1 - start) * lengths[stop] <= TOKENS_A_BATCH:
            stop += 1
        batches.append(order[start:stop])
        start = stop
    return batches
