"""Tickets as token ids: encoded once, kept flat, padded batch by batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from datasets import Dataset
from transformers import PreTrainedTokenizerBase

CHUNK = 2048


@dataclass
class Tokens:
    """A split of n tickets, tokenised.

    ids, types: the token ids and segment ids of all tickets, one after the other; ticket i has
    `ids[starts[i]:starts[i + 1]]`. types is None for encoders that know no segments.
    labels: int64 of shape (n,), or float32 of shape (n, classes) for multi-label tickets.
    truncated: how many tickets the length limit cut.
    """

    ids: np.ndarray
    types: np.ndarray | None
    starts: np.ndarray
    labels: np.ndarray
    truncated: int
    pad_id: int

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def lengths(self) -> np.ndarray:
        """Tokens of each ticket, shape (n,)."""
        return np.diff(self.starts)

    def take(self, rows: np.ndarray) -> Tokens:
        """These tickets alone, in the given order."""
        where = self._places(rows)
        return Tokens(
            ids=self.ids[where],
            types=None if self.types is None else self.types[where],
            starts=np.concatenate([[0], np.cumsum(self.lengths[rows])]),
            labels=self.labels[rows],
            truncated=0,
            pad_id=self.pad_id,
        )

    def batch(self, rows: np.ndarray) -> dict[str, torch.Tensor]:
        """The model's inputs for these tickets, padded to the longest of them: each of shape (len(rows), length)."""
        lengths = self.lengths[rows]
        inside = np.arange(lengths.max())[None, :] < lengths[:, None]
        where = self._places(rows)
        ids = np.full(inside.shape, self.pad_id, dtype=np.int64)
        ids[inside] = self.ids[where]
        inputs = {
            "input_ids": torch.from_numpy(ids),
            "attention_mask": torch.from_numpy(inside.astype(np.int64)),
        }
        if self.types is not None:
            types = np.zeros(inside.shape, dtype=np.int64)
            types[inside] = self.types[where]
            inputs["token_type_ids"] = torch.from_numpy(types)
        return inputs

    def _places(self, rows: np.ndarray) -> np.ndarray:
        """Where the tokens of these tickets stand in `ids`, one ticket after the other."""
        return np.concatenate([np.arange(self.starts[r], self.starts[r + 1]) for r in rows])


def tokenise(split: Dataset, tokenizer: PreTrainedTokenizerBase) -> Tokens:
    """Encodes (text, pair) as the encoder's sentence pair, and a ticket with an empty pair as a single text.

    The longer of the two is truncated first, to `tokenizer.model_max_length` tokens in all: the same rule as
    `pipeline(..., truncation=True)`, so that a consumer's tokens are these tokens.
    """
    ids: list[np.ndarray] = []
    types: list[np.ndarray] = []
    truncated = 0
    for start in range(0, len(split), CHUNK):
        rows = split[start : start + CHUNK]
        pairs = [(text, pair) if pair else text for text, pair in zip(rows["text"], rows["pair"], strict=True)]
        backend = tokenizer.backend_tokenizer
        backend.enable_truncation(tokenizer.model_max_length, strategy="longest_first")
        for encoded in backend.encode_batch(pairs):
            ids.append(np.asarray(encoded.ids, dtype=np.int32))
            types.append(np.asarray(encoded.type_ids, dtype=np.int8))
            truncated += bool(encoded.overflowing)
        backend.no_truncation()
    labels = np.asarray(split["label"])
    return Tokens(
        ids=np.concatenate(ids),
        types=np.concatenate(types) if "token_type_ids" in tokenizer.model_input_names else None,
        starts=np.concatenate([[0], np.cumsum([len(i) for i in ids])]),
        labels=labels.astype(np.float32 if labels.ndim == 2 else np.int64),
        truncated=truncated,
        pad_id=tokenizer.pad_token_id,
    )
