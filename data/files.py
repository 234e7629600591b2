"""One file of tickets, as bytes, into a table that remembers which line each row came from.

CSV is read with Python's own reader rather than pandas': every cell stays the string that stands in the file
(a message that reads "NA" or "null" is a message), and a row keeps its line number when messages span lines.
"""

import csv
import gzip
import io
import json
import math
import zlib
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from data.errors import DataError, listed, short

KINDS = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".parquet": "parquet",
}
DELIMITERS = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "vertical bars"}


@dataclass
class Table:
    """Rows as they were read. `columns` maps a name to one Python value per row; `origin` says for each row
    where a person finds it ("tickets.csv:17": line 17 of that file). `classes` holds, for the columns that
    came with a fixed list of class names, that list; their values are names already."""

    name: str
    columns: dict[str, list]
    origin: list[str]
    classes: dict[str, list[str]]


def kind(path: Path) -> str | None:
    """ "csv", "tsv", "json" or "parquet" by the file's ending (a last .gz is looked through), else None."""
    return KINDS.get(Path(path.stem if path.suffix.lower() == ".gz" else path).suffix.lower())


def parse(content: bytes, path: Path) -> Table:
    """Read the bytes of one file. Raises DataError with the row where it is broken."""
    name = path.name
    if kind(path) is None:
        raise DataError(
            f"{name} is not a file that can be read: save it as .csv (UTF-8), .tsv, .jsonl or .parquet, each "
            "also with .gz"
        )
    if path.suffix.lower() == ".gz":
        try:
            content = gzip.decompress(content)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"{name} is not a whole gzip file: compress or copy it again") from error
    if not content.strip():
        raise DataError(f"{name} is empty: it needs a header and one row per message")
    if kind(path) == "parquet":
        return _parquet(content, name)
    text = _decode(content, name)
    table = _json_lines(text, name) if kind(path) == "json" else _delimited(text, name, kind(path))
    if not table.origin:
        raise DataError(f"{name} has a header and no rows: it needs one row per message")
    return table


def _decode(content: bytes, name: str) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError(f"{name} is UTF-16, not UTF-8: save it as UTF-8 (iconv -f UTF-16 -t UTF-8)")
    if (at := content.find(b"\0")) >= 0:
        line = content.count(b"\n", 0, at) + 1
        raise DataError(f"{name}:{line} holds a NUL byte: it is not a text file, or a broken copy; export it again")
    try:
        return content.decode("utf-8-sig")  # -sig: Excel writes a byte order mark
    except UnicodeDecodeError as error:
        # `error.object` is what came after the byte order mark
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{name}:{line} is not UTF-8 (byte 0x{error.object[error.start]:02x}): save the file as UTF-8, for "
            "example with iconv -f WINDOWS-1252 -t UTF-8"
        ) from error


def _delimited(text: str, name: str, kind: str) -> Table:
    delimiter = "\t" if kind == "tsv" else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    rows: list[list[str]] = []
    lines: list[int] = []
    start = 1  # a row starts on the line after the one that the row before it ended on
    try:
        for cells in reader:
            if not cells:  # a blank line
                pass
            elif not header:
                header = _header(cells, name, delimiter)
            elif len(cells) != len(header):
                raise DataError(
                    f"{name}:{start} has {len(cells)} fields where the header has {len(header)}: a message "
                    f"with {DELIMITERS[delimiter]} or line breaks in it must stand in double quotes"
                )
            else:
                rows.append(cells)
                lines.append(start)
            start = reader.line_num + 1
    except csv.Error as error:
        raise DataError(
            f"{name}:{start} cannot be read as {kind.upper()} ({error}): a message with a double quote in it must "
            'stand in double quotes, with the inner one doubled ("")'
        ) from error
    columns = (
        {column: list(cells) for column, cells in zip(header, zip(*rows, strict=True), strict=True)} if rows else {}
    )
    return Table(name, columns, [f"{name}:{line}" for line in lines], {})


def _header(cells: list[str], name: str, delimiter: str) -> list[str]:
    header = [cell.strip() or f"column_{i}" for i, cell in enumerate(cells, 1)]  # pandas' index has no name
    if len(header) == 1:
        for other, words in DELIMITERS.items():
            if other in header[0]:
                ending = {",": ".csv", "\t": ".tsv"}.get(other)
                remedy = f"rename it to {ending}" if ending else "save it with commas, or as .tsv with tabs"
                raise DataError(f"{name} is separated by {words}, not by {DELIMITERS[delimiter]}: {remedy}")
    check_unique(header, name)
    return header


def check_unique(header: list[str], name: str) -> None:
    """Raise DataError if two columns of `name` (a file, a row, the query) have the same name."""
    twice = sorted({column for column in header if header.count(column) > 1})
    if twice:
        raise DataError(f"{name} has more than one column called {listed(twice)}: rename or remove one")


def _json_lines(text: str, name: str) -> Table:
    rows: list[dict] = []
    origin: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):  # not splitlines(): U+2028 is no line break in JSON
        if not line.strip():
            continue
        where = f"{name}:{number}"
        try:
            row = json.loads(line, object_pairs_hook=lambda pairs, where=where: _object(pairs, where))
        except (ValueError, RecursionError) as error:
            if number == 1 and line.strip() in "[{":
                raise DataError(
                    f"{name} is one JSON document over several lines: write one object per line (jq -c '.[]')"
                ) from error
            reason = getattr(error, "msg", "it is nested too deeply or holds too large a number")
            column = f", column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
            raise DataError(
                f"{where} is not valid JSON ({reason}{column}): each line must hold one whole object"
            ) from error
        if not isinstance(row, dict):
            raise DataError(
                f"{where} holds {a_kind(row)} where an object was expected: each line must look like "
                '{"text": …, "label": …}'
            )
        rows.append(row)
        origin.append(where)
    header = list(dict.fromkeys(column for row in rows for column in row))
    return Table(name, {column: [row.get(column) for row in rows] for column in header}, origin, {})


def _object(pairs: list[tuple[str, object]], where: str) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        check_unique([key for key, _ in pairs], where)
    return found


def _parquet(content: bytes, name: str) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from datasets import Features

    try:
        arrow = pq.read_table(pa.BufferReader(content))
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{name} is not a whole Parquet file: write or copy it again") from error
    if not arrow.num_rows:
        raise DataError(f"{name} has no rows: it needs one row per message")
    check_unique(arrow.column_names, name)
    try:
        features = Features.from_arrow_schema(arrow.schema)  # knows the class names where `datasets` wrote them
    except (ValueError, KeyError, TypeError, NotImplementedError):
        features = Features()
    origin = [f"{name} row {i}" for i in range(1, arrow.num_rows + 1)]
    return from_arrow(arrow, features, name, origin)


def from_arrow(arrow, features, name: str, origin: list[str]) -> Table:
    """A table out of an Arrow table and its `datasets.Features`. Class numbers become class names."""
    from datasets import ClassLabel

    columns: dict[str, list] = {}
    classes: dict[str, list[str]] = {}
    for column in arrow.column_names:
        try:
            values = arrow.column(column).to_pylist()
        except (ValueError, OverflowError) as error:  # broken UTF-8, dates beyond year 9999
            raise DataError(
                f"{name}: the column {short(column)} holds values that cannot be read "
                f"({type(error).__name__}): write it again as plain text"
            ) from error
        feature = features.get(column)
        item = getattr(feature, "feature", None)
        if isinstance(feature, ClassLabel):
            classes[column] = feature.names
            values = [_class_name(value, feature.names) for value in values]
        elif isinstance(item, ClassLabel):
            classes[column] = item.names
            values = [v if v is None else [_class_name(i, item.names) for i in v] for v in values]
        columns[column] = values
    return Table(name, columns, origin, classes)


def _class_name(number: int | None, names: list[str]) -> str | None:
    # -1 is how the Hub's test sets say that the label is withheld
    return None if number is None or not 0 <= number < len(names) else names[number]


def missing(value: object) -> bool:
    """None, NaN, and strings of nothing but white space."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, float | Decimal) and math.isnan(value))


def a_kind(value: object) -> str:
    """What a value is, in words for a message."""
    for types, words in (
        (bool, "true or false"),
        ((int, float, Decimal), "a number"),
        (str, "a text"),
        (dict, "an object"),
        ((list, tuple), "a list"),
        ((bytes, bytearray), "bytes"),
        (type(None), "nothing"),
    ):
        if isinstance(value, types):
            return words
    return f"a {type(value).__name__}"
