"""What is wrong with a table of tickets, said in one sentence, before any model is loaded."""

import difflib
import re
from collections import Counter
from dataclasses import dataclass

from data.errors import DataError, listed, short
from data.files import Table, a_kind, missing
from data.labels import Name
from data.options import DataOptions

MOST_MISSING = 0.2  # beyond this share of rows without text or label, something is wrong with the file
NUMBER = re.compile(r"\s*[-+]?[\d.,]+\s*")


@dataclass(frozen=True)
class Columns:
    """Which column is which; None where there is no such thing."""

    text: str
    label: str
    pair: str | None
    group: str | None


def columns(tables: dict[str, Table], options: DataOptions) -> Columns:
    """Find the columns that the options name, in every table. Raises DataError for one that is missing."""
    text = _column(tables, options.text_column, "--text-column")
    label = _column(tables, options.label_column, "--label-column")
    found = Columns(
        text=text,
        label=label,
        pair=_optional(tables, options.pair_column, "company", "--pair-column", (text, label)),
        group=_optional(tables, options.group_column, "pair_id", "--group-column", (text, label)),
    )
    flags: dict[str, str] = {}
    for flag, column in (
        ("--text-column", found.text),
        ("--label-column", found.label),
        ("--pair-column", found.pair),
    ):
        if column is not None and (other := flags.setdefault(column, flag)) != flag:
            raise DataError(f"{other} and {flag} both name the column {short(column)}: name two different ones")
    if found.group in (found.text, found.label):
        raise DataError(
            f"--group-column names {short(found.group)}, the column of the text or the label: name a customer or thread"
        )
    return found


def _column(tables: dict[str, Table], name: str, flag: str) -> str:
    for table in tables.values():
        if name not in table.columns:
            if any(len(column.split()) > 5 or len(column) > 60 for column in table.columns):
                raise DataError(  # without a header, the first ticket stands there: do not repeat it
                    f"{table.name} has no column {short(name)}, and its first line does not look like the names of "
                    "columns: the first line must name them"
                )
            close = difflib.get_close_matches(name.casefold(), [c.casefold() for c in table.columns], n=1)
            meant = next((c for c in table.columns if close and c.casefold() == close[0]), None)
            hint = f" ({flag} {meant}?)" if meant else ""
            raise DataError(
                f"{table.name} has no column {short(name)}, it has {listed(table.columns)}: name the right one "
                f"with {flag}{hint}"
            )
    return name


def _optional(
    tables: dict[str, Table], name: str | None, default: str, flag: str, taken: tuple[str, str]
) -> str | None:
    if name is None:
        there = default not in taken and all(default in table.columns for table in tables.values())
        return default if there else None
    return None if name in ("", "none") else _column(tables, name, flag)


@dataclass
class Rows:
    """The usable rows of one table: `index` into the table, and one entry each in the other lists."""

    index: list[int]
    text: list[str]
    pair: list[str]
    label: list[Name]
    group: list[str]  # "" where the row has none
    origin: list[str]
    dropped: dict[str, int]  # "missing text" and "missing label": rows


def rows(table: Table, names: list[Name | None], at: Columns) -> Rows:
    """Take the rows that have a text and a label (`names`: the labels as `labels.read` gives them).

    Raises DataError if a text or a pair is not text, if all are missing, or if more than a fifth of the rows
    lack one of the two.
    """
    texts = _texts(table, at.text, "--text-column")
    pairs = _texts(table, at.pair, "--pair-column") if at.pair else [""] * len(texts)
    groups = ["" if missing(v) else str(v) for v in table.columns[at.group]] if at.group else [""] * len(texts)
    kept = [i for i, (text, name) in enumerate(zip(texts, names, strict=True)) if text and name is not None]
    without_text = sum(not text for text in texts)
    without_label = len(texts) - len(kept) - without_text
    if without_text == len(texts):
        raise DataError(
            f"{table.name}: all texts in the column {short(at.text)} are empty; name another column with --text-column"
        )
    if all(name is None for name in names):
        raise DataError(
            f"{table.name}: all labels in the column {short(at.label)} are empty; name another column with "
            "--label-column, or leave a file without labels out"
        )
    if len(texts) - len(kept) > MOST_MISSING * len(texts):
        first = next(i for i, (text, name) in enumerate(zip(texts, names, strict=True)) if not text or name is None)
        raise DataError(
            f"{table.name}: {without_text} of {len(texts)} rows have no text and {without_label} more no label "
            f"(the first is {table.origin[first]}), which is over a fifth: check the columns, or remove these "
            "rows"
        )
    if all(NUMBER.fullmatch(texts[i]) for i in kept):
        raise DataError(
            f"{table.name}: the column {short(at.text)} holds nothing but numbers; name the one with the "
            "messages with --text-column"
        )
    return Rows(
        index=kept,
        text=[texts[i] for i in kept],
        pair=[pairs[i].strip() for i in kept],
        label=[names[i] for i in kept],
        group=[groups[i] for i in kept],
        origin=[table.origin[i] for i in kept],
        dropped={"missing text": without_text, "missing label": without_label},
    )


def _texts(table: Table, column: str, flag: str) -> list[str]:
    """The column as strings, "" where it is missing or only white space."""
    texts = []
    for value, where in zip(table.columns[column], table.origin, strict=True):
        if missing(value):
            texts.append("")
            continue
        if not isinstance(value, str):
            raise DataError(
                f"{where}: the column {short(column)} holds {a_kind(value)} where a text was expected: write "
                f"it as text, or name another column with {flag}"
            )
        if "\0" in value:
            raise DataError(f"{where}: the column {short(column)} holds a NUL character: remove it")
        if not _is_unicode(value):
            raise DataError(
                f"{where}: the column {short(column)} holds half a surrogate pair (\\ud800 to \\udfff), which "
                "is not Unicode text: export the file again as UTF-8"
            )
        texts.append(value)
    return texts


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def conflicts(text: list[str], pair: list[str], label: list[Name], origin: list[str]) -> list[list[str]]:
    """Origins of the rows that read the same (text and pair, white space aside) and differ in label."""
    same: dict[tuple[str, str], list[int]] = {}
    for i, key in enumerate(inputs(text, pair)):
        same.setdefault(key, []).append(i)
    return [[origin[i] for i in group] for group in same.values() if len({label[i] for i in group}) > 1]


def inputs(text: list[str], pair: list[str]) -> list[tuple[str, str]]:
    """What a model sees of each row, with white space made even: equal entries are identical inputs."""
    return [(" ".join(t.split()), " ".join(p.split())) for t, p in zip(text, pair, strict=True)]


def repeats(text: list[str], pair: list[str], label: list[Name]) -> int:
    """Rows that repeat an earlier one in text, pair and label."""
    seen = Counter(zip(inputs(text, pair), label, strict=True))
    return sum(seen.values()) - len(seen)


def unseen(names: list[Name], known: tuple[str, ...], origin: list[str], column: str) -> None:
    """Raise DataError for the first label that no training row has."""
    for name, where in zip(names, origin, strict=True):
        for one in sorted(name) if isinstance(name, frozenset) else [name]:
            if one not in known:
                raise DataError(
                    f"{where}: the label {short(one)} in the column {short(column)} is in no training row; "
                    f"training knows {listed(known)}: correct it, or add such rows to the train file"
                )
