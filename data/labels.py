"""From the values of the label column to class numbers, and back to names."""

import json
import math
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal

from data.errors import DataError, listed, short
from data.files import Table, a_kind, missing

# The class of interest in a two-class task, where one of these is among the names (compared without case).
POSITIVE = ("churn", "churned", "true", "yes", "positive", "pos", "1", "y", "t")
WHOLE = re.compile(r"([-+]?\d{1,18})(\.0+)?")  # 1.0 is how pandas writes whole numbers once one is missing
NUMBER = re.compile(r"[-+]?\d*\.?\d+")

Name = str | frozenset[str]  # one class, or for a multi-label task the set of classes that hold


@dataclass(frozen=True)
class LabelSpace:
    """The classes of a task, by name.

    `names`: in class-number order. Two classes: the negative one, then the positive one. Otherwise the order
    of the `ClassLabel` they came with, or numbers by size, or the alphabet.
    `kind`: "binary" and "multiclass" (each ticket has one class), "multilabel" (each has any number of them).
    `positive`: of two classes, the one called churn (or true, yes, positive, 1), or else the last in the
    alphabet; None for other kinds.
    """

    names: tuple[str, ...]
    kind: str
    positive: str | None = None

    def encode(self, name: Name) -> int | list[int]:
        """The class number, or for multi-label one 0 or 1 per class. Raises KeyError for an unknown name."""
        if self.kind != "multilabel":
            if name not in self.names:
                raise KeyError(name)
            return self.names.index(name)
        if unknown := name - set(self.names):
            raise KeyError(sorted(unknown)[0])
        return [int(own in name) for own in self.names]

    def decode(self, label: int | list[int]) -> str | list[str]:
        """The name, or for multi-label the list of names."""
        if self.kind != "multilabel":
            return self.names[label]
        return [name for name, holds in zip(self.names, label, strict=True) if holds]


def read(tables: dict[str, Table], column: str) -> dict[str, list[Name | None]]:
    """The label column of each table as names, None where it is missing.

    Words are taken as they are, without white space around them. Whole numbers become their decimal names,
    true and false "true" and "false". Lists of words make the task multi-label; so do cells of a CSV if
    **each** of them is a JSON list (["price", "support"]), and the empty list is a label, not a gap. Raises
    DataError, with the row, for fractions, objects and columns that mix kinds.
    """
    cells = [(value, table.origin[i]) for table in tables.values() for i, value in enumerate(table.columns[column])]
    present = [(value, where) for value, where in cells if not missing(value)]
    parsed = _json_lists(present)
    if parsed is None:
        _one_kind(present, column)
        parsed = [value for value, _ in present]
    if parsed and isinstance(parsed[0], str):
        parsed = _words(parsed, present, column)
    names = iter([_name(value, where, column) for value, (_, where) in zip(parsed, present, strict=True)])
    return {
        split: [None if missing(value) else next(names) for value in table.columns[column]]
        for split, table in tables.items()
    }


def _json_lists(present: list[tuple[object, str]]) -> list[list] | None:
    """The cells parsed, if each one is a string that holds a JSON list."""
    lists = []
    for value, _ in present:
        if not (isinstance(value, str) and value.lstrip().startswith("[")):
            return None
        try:
            lists.append(json.loads(value))
        except (ValueError, RecursionError):
            return None
    return lists


def _one_kind(present: list[tuple[object, str]], column: str) -> None:
    kinds: dict[str, str] = {}
    for value, where in present:
        kinds.setdefault(a_kind(value), where)
    if len(kinds) > 1:
        (one, here), (other, there) = list(kinds.items())[:2]
        raise DataError(
            f"the column {short(column)} holds {one} in {here} and {other} in {there}: write all labels the same way"
        )


def _words(words: list[str], present: list[tuple[object, str]], column: str) -> list[str]:
    words = [word.strip() for word in words]
    whole = [WHOLE.fullmatch(word) for word in words]
    if all(whole):
        return [match[1] for match in whole]
    if all(NUMBER.fullmatch(word) for word in words):
        at = whole.index(None)
        raise _fraction(words[at], present[at][1], column)
    return words


def _name(value: object, where: str, column: str) -> Name:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float | Decimal):
        if not math.isfinite(value) or value != int(value):
            raise _fraction(value, where, column)
        return str(int(value))
    if isinstance(value, str):
        if any(unicodedata.category(c) in ("Cc", "Cs") for c in value.strip()):
            raise DataError(f"{where}: the label {short(value)} holds a control character: remove it")
        return value.strip()
    if isinstance(value, list | tuple):
        for item in value:
            if missing(item) or isinstance(item, list | tuple | dict | float | Decimal):
                what = "an empty word" if isinstance(item, str) else a_kind(item)
                raise DataError(
                    f"{where}: the list in {short(column)} holds {what}: a list of labels must hold words only"
                )
        return frozenset(_name(item, where, column) for item in value)
    raise DataError(
        f"{where}: the column {short(column)} holds {a_kind(value)}: a label is a word, a whole number, true "
        "or false, or a list of words; name another column with --label-column"
    )


def _fraction(value: object, where: str, column: str) -> DataError:
    return DataError(
        f"{where}: the column {short(column)} holds the fraction {short(value)}: a label is a class, not an "
        "amount; write the classes as words, or name another column with --label-column"
    )


def space(names: list[Name], column: str, classes: list[str] | None = None) -> LabelSpace:
    """The classes that occur in `names`, the labels of all rows that are there to learn from.

    `classes`: the order, where the source brings one. Raises DataError for one class only, for names that
    differ in case only, and for a column in which nearly every row has a name of its own.
    """
    multi = isinstance(names[0], frozenset)
    found = set().union(*names) if multi else set(names)
    if len(found) < 2:
        one = f"only the label {listed(found)}" if found else "no label at all"
        kind = "lists with " if multi else ""
        raise DataError(
            f"the column {short(column)} holds {kind}{one}: there must be at least two classes to tell apart; "
            "add the others, or name another column with --label-column"
        )
    if len(found) > 20 and len(found) * 2 > len(names):
        raise DataError(
            f"the column {short(column)} holds {len(found)} different labels in {len(names)} rows: that is no "
            "set of classes; name another column with --label-column"
        )
    folded: dict[str, str] = {}
    for name in sorted(found):
        if (other := folded.setdefault(name.casefold(), name)) != name:
            raise DataError(
                f"the column {short(column)} holds {short(other)} and {short(name)}: names that differ in case "
                "only are taken for a slip; write them the same way"
            )
    if classes:
        ordered = [name for name in classes if name in found]
    elif all(WHOLE.fullmatch(name) for name in found):
        ordered = sorted(found, key=float)
    else:
        ordered = sorted(found, key=lambda name: (name.casefold(), name))
    if multi:
        return LabelSpace(tuple(ordered), "multilabel")
    if len(ordered) > 2:
        return LabelSpace(tuple(ordered), "multiclass")
    positive = next((name for word in POSITIVE for name in ordered if name.casefold() == word), None)
    positive = positive or max(ordered, key=str.casefold)
    negative = next(name for name in ordered if name != positive)
    return LabelSpace((negative, positive), "binary", positive)
