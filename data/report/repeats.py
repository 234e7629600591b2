"""Messages that are there more than once: identical inputs, conflicting labels, near-duplicates outside groups."""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from data.check import inputs
from data.duplicates import jaccard, near_duplicates, shingles, words
from data.report.messages import Messages

SHOWN = 25


@dataclass
class Repeats:
    """`identical`: messages that repeat an earlier one in text and second text; `conflicts`: the lists of messages
    (by number) that read the same and differ in label. `near`: messages that are near-duplicates of one outside
    their own group, `clusters` how many sets they form, and `examples` pairs of them with their similarity."""

    identical: int
    conflicts: list[list[int]]
    near: int
    clusters: int
    examples: list[tuple[int, int, float]]


def repeats(messages: Messages) -> Repeats:
    """Find them. Near-duplicates: see `data.duplicates` (MinHash over word 3-grams, Jaccard at least 0.8)."""
    same: dict[tuple[str, str], list[int]] = defaultdict(list)
    for i, key in enumerate(inputs(messages.text, messages.pair)):
        same[key].append(i)
    conflicts = [rows for rows in same.values() if len({messages.marks[i].tobytes() for i in rows}) > 1]
    near, clusters, examples = _near(messages)
    return Repeats(len(messages) - len(same), conflicts, near, clusters, examples)


def _near(messages: Messages) -> tuple[int, int, list[tuple[int, int, float]]]:
    # Reading has joined near-duplicates and the source's groups into one number. Only where such a set holds
    # messages of several groups of the source (or of none) can near-duplicates have joined it: look there again.
    owners: dict[int, set] = defaultdict(set)
    for i, (group, own) in enumerate(zip(messages.group.tolist(), messages.own, strict=True)):
        owners[group].add(own or i)
    mixed = [i for i, group in enumerate(messages.group.tolist()) if len(owners[group]) > 1]
    if not mixed:
        return 0, 0, []
    sets: dict[int, list[int]] = defaultdict(list)
    for number, i in zip(near_duplicates([messages.text[i] for i in mixed]).tolist(), mixed, strict=True):
        sets[number].append(i)
    found = [rows for rows in sets.values() if len({messages.own[i] or i for i in rows}) > 1]
    examples = []
    for rows in sorted(found, key=len, reverse=True)[:SHOWN]:
        first = rows[0]
        other = next(i for i in rows if messages.own[i] != messages.own[first] or (not messages.own[i] and i != first))
        examples.append((first, other, _alike(messages.text[first], messages.text[other])))
    return sum(map(len, found)), len(found), examples


def _alike(one: str, other: str) -> float:
    a, b = (shingles(words(text)) for text in (one, other))
    return jaccard(a, b) if a or b else 1.0  # of fewer than three words: the same ones


def balance(messages: Messages) -> dict[str, np.ndarray]:
    """Messages of each class in each split, (classes,)."""
    return {s: messages.marks[messages.split == s].sum(axis=0) for s in dict.fromkeys(messages.split.tolist())}
