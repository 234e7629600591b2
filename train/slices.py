"""Where the model is good and where it is not: slices of the test split, and minimal pairs."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from datasets import Dataset

from data.tickets import EXTRA
from train.bootstrap import Bootstrap, interval

SMALLEST = 20
MOST_VALUES = 30
LENGTHS = ((0, 8, "under 8 words"), (8, 30, "8 to 29"), (30, 90, "30 to 89"), (90, 10**9, "90 and more"))


def slices(
    test: Dataset,
    pair_column: str | None,
    compute: Callable[[np.ndarray], Callable[[np.ndarray], dict]],
    bootstrap: Bootstrap,
) -> dict[str, dict[str, dict]]:
    """`{column: {value: {"tickets", metric: {"value", "low", "high"}, …}}}` for every column worth slicing by.

    compute: from rows (bool, shape (n,)) to a function of their weights that returns figures.
    A column counts if it has 2 to 30 different values; of these, the ones with at least 20 tickets are shown.
    """
    found: dict[str, dict[str, dict]] = {}
    for name, values in _columns(test, pair_column):
        for value in sorted(set(values)):
            rows = np.array([v == value for v in values])
            if rows.sum() >= SMALLEST:
                figures = bootstrap.figures(compute(rows), rows)
                found.setdefault(name, {})[value] = {"tickets": int(rows.sum()), **figures}
    return found


def _columns(test: Dataset, pair_column: str | None) -> Iterator[tuple[str, list[str]]]:
    words = [len(text.split()) for text in test["text"]]
    yield "length", [next(label for low, high, label in LENGTHS if low <= n < high) for n in words]
    if pair_column and len(set(map(bool, test["pair"]))) == 2:
        yield pair_column, ["given" if pair else "empty" for pair in test["pair"]]
    for column in test.column_names:
        if column.startswith(EXTRA):
            values = [str(v) if v not in (None, "") else "(none)" for v in test[column]]
            if 2 <= len(set(values)) <= MOST_VALUES:
                yield column.removeprefix(EXTRA), values


def minimal_pairs(test: Dataset, group_column: str | None) -> dict[str, np.ndarray]:
    """Rows (bool, shape (n,)) of the tickets in minimal pairs: `all`, and `same_text` where only the pair differs.

    A minimal pair is a group of two, by the user's own group column, that share at least half of their words and
    carry different labels. (A customer's dozen tickets are a group, but no minimal pair.)
    """
    found = {"all": np.zeros(len(test), dtype=bool), "same_text": np.zeros(len(test), dtype=bool)}
    for rows in _groups(test, group_column):
        one, other = (test[int(i)] for i in rows[:2])
        if len(rows) == 2 and one["label"] != other["label"] and _alike(one["text"], other["text"]):
            found["all"][rows] = True
            found["same_text"][rows] = one["text"] == other["text"]
    return found


def _alike(one: str, other: str) -> bool:
    a, b = set(one.lower().split()), set(other.lower().split())
    return len(a & b) >= len(a | b) / 2


def pair_consistency(
    test: Dataset, group_column: str | None, rows: np.ndarray, right: np.ndarray, bootstrap: Bootstrap
) -> dict[str, float]:
    """Share of minimal pairs of which every member is right, with its interval; a coin gets a quarter of them."""
    members = [g for g in _groups(test, group_column) if rows[g].all()]
    first = np.array([g[0] for g in members])
    whole = np.array([right[g].all() for g in members], dtype=float)
    drawn = [c[first] @ whole / c[first].sum() for c in bootstrap.counts if c[first].sum() > 0]
    return {"pairs": len(members), **interval(float(whole.mean()), drawn)}


def _groups(test: Dataset, group_column: str | None) -> list[np.ndarray]:
    """The rows of each group of two and more, by the user's own group column."""
    if group_column is None:
        return []
    own = EXTRA + group_column
    keys = test[own if own in test.column_names else "pair"]  # one column may serve as company and as group
    known = [str(k) if k not in (None, "") else f"row {i}" for i, k in enumerate(keys)]
    _, group = np.unique(known, return_inverse=True)
    order = np.argsort(group, kind="stable")
    return [g for g in np.split(order, np.flatnonzero(np.diff(group[order])) + 1) if len(g) > 1]
