"""The one way in for tickets: read, check, split, and hand over as datasets."""

import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from datasets import ClassLabel, Dataset, DatasetDict, Features, List, Value

from data import check, labels, source, split
from data.duplicates import linked, near_duplicates
from data.findings import Findings
from data.labels import LabelSpace
from data.options import DataOptions

EXTRA = "extra."


@dataclass
class Tickets:
    """Checked tickets, split.

    `splits`: train, validation and test, each with the columns
        text   str, the message as it came
        pair   str, the second text (the company that received it); "" where there is none
        label  class number; for multi-label a list with 0 or 1 per class
        group  int; rows that must stay together (near-duplicates, the same group) have the same one in all
        splits row    str, where the row came from: "tickets.csv:17" is line 17 of that file
    and every other column of the source under its own name behind "extra." (the group column among them), so
    that a column of the user's called "row" or "group" stays apart. `columns` has the names that text, pair,
    label and group had in the source.
    `labels`: the classes. `source` and `sha256`: see `data.source.Source`. `findings`: what to tell the user.
    """

    splits: DatasetDict
    labels: LabelSpace
    columns: check.Columns
    source: str
    sha256: str
    findings: Findings

    def folds(self, k: int, seed: int) -> np.ndarray:
        """The fold (0 to k - 1) of each training row, grouped and stratified. Raises DataError if a class has
        fewer than k groups."""
        train = self.splits["train"]
        rows = _one_hot(train["label"], self.labels)
        groups = np.unique(train["group"], return_inverse=True)[1]
        split.check_rare(rows, groups, self.labels.names, train["row"], k)
        return split.stratified(rows, groups, [1 / k] * k, seed)


def load(options: DataOptions, seed: int, progress: bool = True) -> Tickets:
    """Read, check and split the tickets. Raises DataError, in one sentence, for anything wrong with them.

    Splits that the source brings stay as they are. One that it does not bring is cut from its training rows:
    `held_out` of them each for validation and test, whole groups only. `seed` decides which.
    """
    found = source.read(options.data, options.query)
    columns = check.columns(found.tables, options)
    names = labels.read(found.tables, columns.label)
    parts = {s: check.rows(table, names[s], columns) for s, table in found.tables.items()}
    classes = found.tables["train"].classes.get(columns.label)
    space = labels.space(parts["train"].label, columns.label, classes)
    for part in parts.values():
        check.unseen(part.label, space.names, part.origin, columns.label)

    text, pair, name, group, origin = (
        [value for part in parts.values() for value in getattr(part, field)]
        for field in ("text", "pair", "label", "group", "origin")
    )
    given = [s for s, part in parts.items() for _ in part.text]
    label = [space.encode(n) for n in name]
    near = near_duplicates(text, progress)
    together = linked(near, group)
    placed = _place(given, _one_hot(label, space), together, space, origin, options.held_out, seed)

    extras = {EXTRA + c: v for c, v in _extras(found.tables, parts, columns).items()}
    ours = {"text": text, "pair": pair, "label": label, "group": together.tolist(), "row": origin}
    whole = _table({**ours, **extras}, space)
    splits = DatasetDict({s: Dataset(whole.take(np.flatnonzero(placed == s))) for s in split.SPLITS})

    findings = Findings(
        read={
            t.name: {"rows": len(t.origin), "kept": len(parts[s].text)} | parts[s].dropped
            for s, t in found.tables.items()
        },
        splits={s: _counts(rows, space, s in parts and len(parts) > 1) for s, rows in splits.items()},
        repeated=sum(check.repeats(r["text"], r["pair"], list(map(str, r["label"]))) for r in splits.values()),
        conflicts=check.conflicts(text, pair, name, origin),
        near_duplicates=_sizes(near),
        leaks=split.leaks(given, near, check.inputs(text, pair), group, origin),
        notes=found.notes + _how(parts, options.held_out),
    )
    return Tickets(splits, space, columns, found.name, found.sha256, findings)


def _counts(rows: Dataset, space: LabelSpace, given: bool) -> dict:
    by_label = _one_hot(rows["label"], space).sum(axis=0).tolist()
    return {
        "rows": len(rows),
        "origin": "given" if given else "made",
        "labels": dict(zip(space.names, by_label, strict=True)),
    }


def _sizes(groups: np.ndarray) -> dict[str, int]:
    """How many groups have two members or more, and how many rows are in these."""
    sizes = np.bincount(groups)
    return {"groups": int((sizes > 1).sum()), "rows": int(sizes[sizes > 1].sum())}


def _one_hot(label: list, space: LabelSpace) -> np.ndarray:
    """(rows, classes) of 0 and 1."""
    if space.kind == "multilabel":
        return np.array(label, dtype=np.int64).reshape(len(label), len(space.names))
    return np.eye(len(space.names), dtype=np.int64)[np.array(label, dtype=np.int64)]


def _place(
    given: list[str],
    rows: np.ndarray,
    groups: np.ndarray,
    space: LabelSpace,
    origin: list[str],
    held_out: float,
    seed: int,
) -> np.ndarray:
    """The split of each row: the given one, or where a split is missing, cut from the training rows."""
    placed = np.array(given, dtype=object)  # str would be cut to the length of the longest one there
    there = set(given)
    if there == set(split.SPLITS):
        return placed
    train = np.flatnonzero(placed == "train")
    missing = [s for s in split.SPLITS if s not in there]
    shares = [1 - held_out * len(missing)] + [held_out] * len(missing)
    own = np.unique(groups[train], return_inverse=True)[1]
    split.check_rare(rows[train], own, space.names, [origin[i] for i in train], len(shares))
    placed[train] = np.array(["train", *missing])[split.stratified(rows[train], own, shares, seed)]
    return placed


def _how(parts: dict, held_out: float) -> list[str]:
    if len(parts) == 1:
        return [
            f"the tickets came unsplit: {1 - 2 * held_out:.0%} train, {held_out:.0%} validation, {held_out:.0%} test, "
            "by label and in whole groups"
        ]
    missing = [s for s in split.SPLITS if s not in parts]
    return [f"no {s} split was given: {held_out:.0%} of the training rows make it" for s in missing]


def _extras(tables: dict, parts: dict, columns: check.Columns) -> dict[str, list]:
    """The source's other columns, None where one of the tables lacks one."""
    used = {columns.text, columns.pair, columns.label}
    every = dict.fromkeys(c for table in tables.values() for c in table.columns if c not in used)
    return {
        c: [
            tables[s].columns[c][i] if c in tables[s].columns else None for s, part in parts.items() for i in part.index
        ]
        for c in every
    }


def _table(columns: dict[str, list], space: LabelSpace) -> pa.Table:
    one = ClassLabel(names=list(space.names))
    features = Features(
        text=Value("string"),
        pair=Value("string"),
        label=List(Value("int64")) if space.kind == "multilabel" else one,
        group=Value("int64"),
        row=Value("string"),
    )
    arrays = []
    for name, values in columns.items():
        if name in features:
            arrays.append(pa.array(values, features.arrow_schema.field(name).type))
        else:
            arrays.append(_array(values))
            features[name] = Features.from_arrow_schema(pa.schema({name: arrays[-1].type}))[name]
    return pa.Table.from_arrays(arrays, schema=features.arrow_schema)


def _array(values: list) -> pa.Array:
    """A column of the user's in the type that Arrow sees in it; objects, and what mixes types, as JSON text.

    (Arrow cuts the names in an object at a NUL and cannot write an empty object to Parquet.)
    """
    try:
        array = pa.array(values)
        inner = array.type.value_type if pa.types.is_list(array.type) else array.type
        Features.from_arrow_schema(pa.schema({"values": array.type}))
        if not pa.types.is_nested(inner):
            return array
    except (pa.ArrowException, ValueError, TypeError, OverflowError, NotImplementedError):
        pass  # mixed types, half surrogate pairs, numbers beyond 64 bits
    texts = (v if isinstance(v, str) or v is None else json.dumps(v, default=str) for v in values)
    return pa.array([v if v is None else v.encode("utf-8", "replace").decode() for v in texts], pa.string())
