"""A tiny BERT and tiny ticket files, so that real runs of the real command line take seconds."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORDS = [
    "please",
    "cancel",
    "the",
    "invoice",
    "for",
    "my",
    "account",
    "thank",
    "you",
    "login",
    "fails",
    "again",
    "today",
    "we",
    "leave",
    "stay",
    "new",
    "plan",
    "price",
    "order",
    "help",
    "with",
    "password",
    "reset",
    "refund",
    "late",
    "package",
    "contract",
    "ends",
    "in",
    "may",
    "moving",
    "to",
    "another",
    "provider",
    "soon",
    "never",
    "mind",
    "works",
    "now",
    "great",
    "team",
    "slow",
    "app",
    "crash",
    "report",
    "export",
    "data",
    "delete",
    "everything",
    "goodbye",
    "hello",
    "is",
    "it",
    "possible",
]


def make_encoder(folder: Path, dropout: float = 0.1) -> Path:
    """A BERT of 2 layers and 32 dimensions with random weights and a word-level tokenizer, as plain files."""
    import torch
    from transformers import BertConfig, BertModel, BertTokenizer

    folder.mkdir(parents=True)
    letters = [f"##{c}" for c in "abcdefghijklmnopqrstuvwxyz0123456789"] + list("abcdefghijklmnopqrstuvwxyz0123456789")
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(set(WORDS)), *letters, ".", ",", "?", "!", "'"]
    tokenizer = BertTokenizer(vocab={word: i for i, word in enumerate(dict.fromkeys(vocabulary))})
    tokenizer.save_pretrained(folder)
    torch.manual_seed(7)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    BertModel(config).save_pretrained(folder)
    return folder


def make_tickets(path: Path, n: int, seed: int = 0, labels: tuple[str, ...] = ("no_churn", "churn")) -> Path:
    """A CSV or JSON Lines file of n random messages whose label shows in one word, with companies and channels."""
    chance = random.Random(seed)
    marks = dict(zip(labels, ("stay", "leave", "refund", "crash"), strict=False))
    rows = []
    for i in range(n):
        label = labels[i % len(labels)] if len(labels) > 2 else labels[int(chance.random() < 0.35)]
        words = chance.choices(WORDS, k=chance.randint(3, 14))
        words.insert(chance.randrange(len(words) + 1), marks[label])
        company = chance.choice(["", "Brindle", "Oakum", "Tarn & Co"])
        channel = chance.choice(["email", "chat", "form"])
        rows.append({"text": " ".join(words) + f" {i}", "company": company, "label": label, "channel": channel})
    if path.suffix == ".csv":
        with open(path, "w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            writer.writerows(rows)
    else:
        path.write_text("".join(json.dumps(r) + "\n" for r in rows), encoding="utf-8")
    return path


def train(*arguments: object, launcher: tuple[str, ...] = (), env: dict | None = None) -> subprocess.CompletedProcess:
    """Runs `python -m train …` (or `accelerate launch … -m train …`) as a user would, from the project's root."""
    start = [sys.executable, "-m", "accelerate.commands.launch", *launcher] if launcher else [sys.executable]
    command = [*start, "-m", "train", *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, env=environment(env), capture_output=True, text=True, timeout=600, check=False
    )


def environment(extra: dict | None = None) -> dict[str, str]:
    """This process's environment, offline and with one thread, so that runs side by side do not slow each other.

    A value of None in `extra` takes the variable away.
    """
    env = {**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", **(extra or {})}
    return {name: value for name, value in env.items() if value is not None}
