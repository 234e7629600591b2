"""Which ticket goes into which split: stratified by label, with no group torn apart."""

import numpy as np

from data.errors import DataError, short

SPLITS = ("train", "validation", "test")


def stratified(labels: np.ndarray, groups: np.ndarray, shares: list[float], seed: int) -> np.ndarray:
    """Deal whole groups out to parts so that each part gets its share of every label.

    `labels`: (rows, classes), 0 or 1; `groups`: (rows,) int, counted from 0; `shares`: sums to 1. Returns the
    part of each row, (rows,). The same arguments give the same parts on any machine.

    First every part gets one group of every label, the rarest label first, so that nothing is left unmeasured
    or unlearnt as long as a label has as many groups as there are parts. Then the groups follow, the largest
    first, each to the part that lacks most of the group's rarest label. This is the iterative stratification
    of Sechidis, Tsoumakas and Vlahavas (2011), with groups in place of rows; it serves one and many labels
    per row alike. (scikit-learn's StratifiedGroupKFold knows neither shares nor several labels, and may leave
    a rare label out.)
    """
    rest = 1 - labels.max(axis=1, keepdims=True)  # rows without any label are dealt out evenly too
    every = np.hstack([labels, rest]).astype(np.int64)
    sizes = np.bincount(groups)
    counts = np.zeros((len(sizes), every.shape[1]), dtype=np.int64)
    np.add.at(counts, groups, every)
    total = counts.sum(axis=0)
    rarity = np.where(counts > 0, total, total.sum() + 1)
    rarest = rarity.argmin(axis=1)  # per group: the label that decides where it goes
    shuffled = np.random.default_rng(seed).permutation(len(sizes))

    need = np.outer(shares, total).tolist()
    room = [share * len(labels) for share in shares]
    part = np.full(len(sizes), -1)

    def place(group: int, where: int) -> None:
        part[group] = where
        room[where] -= sizes[group]
        for label in np.flatnonzero(counts[group]):
            need[where][label] -= counts[group, label]

    by_share = sorted(range(len(shares)), key=lambda s: -shares[s])
    small_first = shuffled[np.argsort(sizes[shuffled], kind="stable")]
    for label in np.argsort(total[:-1], kind="stable"):
        holders = small_first[counts[small_first, label] > 0]
        for where in by_share:
            if not (part[holders] == where).any():
                free = holders[part[holders] < 0]
                if len(free):
                    place(free[0], where)
    left = shuffled[part[shuffled] < 0]
    for group in left[np.lexsort((total[rarest[left]], -sizes[left]))]:
        label = rarest[group]
        place(group, max(by_share, key=lambda s: (round(need[s][label], 6), round(room[s], 6))))
    return part[groups]


def check_rare(labels: np.ndarray, groups: np.ndarray, names: tuple[str, ...], origin: list[str], parts: int) -> None:
    """Raise DataError for a class with fewer groups than there are parts to split into."""
    for number, name in enumerate(names):
        holds = np.flatnonzero(labels[:, number])
        there = len(np.unique(groups[holds]))
        if there < parts:
            rows = f"{len(holds)} row{'s' if len(holds) > 1 else ''}"
            if there < len(holds):
                rows += f" that are {there} when near-duplicates and groups count once"
            raise DataError(
                f"the label {short(name)} is too rare to split {parts} ways: it has {rows} (the first is "
                f"{origin[holds[0]]}); add rows with it, merge it into another label, or leave it out"
            )


def leaks(
    split: list[str], near: np.ndarray, inputs: list[tuple[str, str]], groups: list[str], origin: list[str]
) -> dict:
    """Rows of a given split that an earlier split (train, validation, test) has already: {split: finding}.

    Each finding counts rows, each once: "exact" (the same text and pair), "near" (a near-duplicate text),
    "group" (the same group), and lists up to 20 "examples" as [the row, the row it repeats].
    """
    found: dict[str, dict] = {}
    first: dict[tuple, int] = {}
    for i, own in enumerate(split):  # rows come in the order of the splits
        keys = {"exact": inputs[i], "near": near[i], "group": groups[i] or None}
        there = {how: first.setdefault((how, key), i) for how, key in keys.items() if key is not None}
        how = next((how for how, j in there.items() if split[j] != own), None)
        if how:
            finding = found.setdefault(own, {"exact": 0, "near": 0, "group": 0, "examples": []})
            finding[how] += 1
            if len(finding["examples"]) < 20:
                finding["examples"].append([origin[i], origin[there[how]]])
    return found
