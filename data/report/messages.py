"""All messages of a source side by side, as the report looks at them: splits one after the other."""

from dataclasses import dataclass

import numpy as np

from data.files import missing
from data.tickets import EXTRA, Tickets


@dataclass
class Messages:
    """n messages, in the order train, validation, test; every list and array has one entry (or row) a message.

    `marks`: (n, classes), 0 or 1. `unit`: what counts as one observation: messages of one group (near-duplicates,
    the same customer, thread or pair) with the same label share a number, so that ten copies of a mail are not
    taken for ten witnesses, and the two sides of a minimal pair stay two. `unit_marks`: (units, classes).
    `own`: the value of the source's group column, "" for none. `extras`: every other column of the source.
    """

    text: list[str]
    pair: list[str]
    row: list[str]
    split: np.ndarray
    group: np.ndarray
    own: list[str]
    marks: np.ndarray
    names: tuple[str, ...]
    kind: str
    unit: np.ndarray
    unit_marks: np.ndarray
    extras: dict[str, list]

    def __len__(self) -> int:
        return len(self.text)

    def label(self, i: int) -> str:
        """The label of message i in words."""
        return ", ".join(name for name, holds in zip(self.names, self.marks[i], strict=True) if holds) or "(none)"


def gather(tickets: Tickets) -> Messages:
    """The messages of all splits."""
    parts = tickets.splits

    def column(name: str) -> list:
        return [value for part in parts.values() for value in part[name][:]]

    names, group = tickets.labels.names, np.array(column("group"), dtype=np.int64)
    label = np.array(column("label"), dtype=np.int64)
    several = tickets.labels.kind == "multilabel"
    marks = label.reshape(-1, len(names)) if several else np.eye(len(names), dtype=np.int64)[label]
    unit_of = np.unique(marks, axis=0, return_inverse=True)[1].ravel() if several else label
    _, first, unit = np.unique(group * (unit_of.max() + 1) + unit_of, return_index=True, return_inverse=True)
    extras = {c.removeprefix(EXTRA): column(c) for c in parts["train"].column_names if c.startswith(EXTRA)}
    own = extras.get(tickets.columns.group) or [None] * len(group)
    return Messages(
        text=column("text"),
        pair=column("pair"),
        row=column("row"),
        split=np.array([split for split, part in parts.items() for _ in range(len(part))]),
        group=group,
        own=["" if missing(value) else str(value) for value in own],
        marks=marks,
        names=names,
        kind=tickets.labels.kind,
        unit=unit,
        unit_marks=marks[first],
        extras=extras,
    )
