"""data.check: bad tickets end in one sentence that names file, row, value and remedy."""

# ruff: noqa: E501 (one line of the table is one bad data set)

import json
import sqlite3
from pathlib import Path

import pytest

from data.errors import DataError, short
from data.options import DataOptions
from data.tickets import Tickets, load

SECRET = "my card number is 4929"  # stands for the text of a ticket, which no message may repeat
GOOD = [{"text": f"{SECRET} and this is message {i} of {i}", "label": ("stay", "churn")[i % 2]} for i in range(40)]


def _csv(rows: list[dict], delimiter: str = ",") -> str:
    header = list(rows[0])
    return "\n".join(delimiter.join(map(str, r)) for r in [header, *([row[c] for c in header] for row in rows)]) + "\n"


def _jsonl(rows: list[dict]) -> str:
    return "\n".join(map(json.dumps, rows)) + "\n"


def _with(i: int, **changed) -> list[dict]:
    """The good rows, the one on line i of the JSON Lines file changed."""
    return [row | changed if number == i else row for number, row in enumerate(GOOD, 1)]


def _rare() -> list[dict]:
    return [row | {"label": "rare"} if i in (3, 9) else row for i, row in enumerate(GOOD, 1)]


BAD = {  # name: (files, options beside --data, what the user reads); --data is the one file, or the folder of several
    "no such file": ({}, {"data": "nowhere.csv"}, 'there is no file or folder "nowhere.csv": check the path (a dataset on the Hub is written org/name)'),
    "no such folder": ({}, {"data": "nowhere"}, 'there is no file or folder "nowhere": check the path (a dataset on the Hub is written org/name)'),
    "unreadable name": ({}, {"data": "x" * 5000}, 'cannot be opened'),
    "web address": ({}, {"data": "https://host/tickets.csv"}, "--data is a web address: download it and give the file (a Hub dataset is written org/name)"),
    "unknown ending": ({"tickets.xlsx": "x"}, {}, "tickets.xlsx is not a file that can be read: save it as .csv (UTF-8), .tsv, .jsonl or .parquet, each also with .gz"),
    "empty file": ({"tickets.csv": ""}, {}, "tickets.csv is empty: it needs a header and one row per message"),
    "blank file": ({"tickets.jsonl": "\n  \n"}, {}, "tickets.jsonl is empty: it needs a header and one row per message"),
    "header only": ({"tickets.csv": "text,label\n"}, {}, "tickets.csv has a header and no rows: it needs one row per message"),
    "semicolons": ({"tickets.csv": _csv(GOOD, ";")}, {}, "tickets.csv is separated by semicolons, not by commas: save it with commas, or as .tsv with tabs"),
    "tabs in a .csv": ({"tickets.csv": _csv(GOOD, "\t")}, {}, "tickets.csv is separated by tabs, not by commas: rename it to .tsv"),
    "commas in a .tsv": ({"tickets.tsv": _csv(GOOD)}, {}, "tickets.tsv is separated by commas, not by tabs: rename it to .csv"),
    "missing column": ({"tickets.csv": _csv(GOOD).replace("text", "Body", 1)}, {}, 'tickets.csv has no column "text", it has "Body", "label": name the right one with --text-column'),
    "column in other case": ({"tickets.csv": _csv(GOOD).replace("label", "Label", 1)}, {}, 'tickets.csv has no column "label", it has "text", "Label": name the right one with --label-column (--label-column Label?)'),
    "no header": ({"tickets.csv": _csv(GOOD).split("\n", 1)[1]}, {}, 'tickets.csv has no column "text", and its first line does not look like the names of columns: the first line must name them'),
    "missing pair column": ({"tickets.csv": _csv(GOOD)}, {"pair_column": "firm"}, 'tickets.csv has no column "firm", it has "text", "label": name the right one with --pair-column'),
    "missing group column": ({"tickets.csv": _csv(GOOD)}, {"group_column": "thread"}, 'tickets.csv has no column "thread", it has "text", "label": name the right one with --group-column'),
    "missing column in one split": ({"train.csv": _csv(GOOD), "test.csv": "text\nhello\n"}, {}, 'test.csv has no column "label", it has "text": name the right one with --label-column'),
    "one column twice named": ({"tickets.csv": _csv(GOOD)}, {"label_column": "text"}, '--text-column and --label-column both name the column "text": name two different ones'),
    "group is the label": ({"tickets.csv": _csv(GOOD)}, {"group_column": "label"}, '--group-column names "label", the column of the text or the label: name a customer or thread'),
    "duplicate column": ({"tickets.csv": "text,label,text\na,b,c\n"}, {}, 'tickets.csv has more than one column called "text": rename or remove one'),
    "duplicate JSON key": ({"tickets.jsonl": '{"text": "a", "text": "b", "label": 1}\n'}, {}, 'tickets.jsonl:1 has more than one column called "text": rename or remove one'),
    "one class": ({"tickets.csv": _csv([row | {"label": "stay"} for row in GOOD])}, {}, 'the column "label" holds only the label "stay": there must be at least two classes to tell apart; add the others, or name another column with --label-column'),
    "rare class": ({"tickets.jsonl": _jsonl(_rare())}, {}, 'the label "rare" is too rare to split 3 ways: it has 2 rows (the first is tickets.jsonl:3); add rows with it, merge it into another label, or leave it out'),
    "rare class in train": ({"train.jsonl": _jsonl(_with(5, label="rare")), "test.jsonl": _jsonl(GOOD[:9])}, {}, 'the label "rare" is too rare to split 2 ways: it has 1 row (the first is train.jsonl:5); add rows with it, merge it into another label, or leave it out'),
    "rare but for copies": ({"tickets.jsonl": _jsonl(GOOD + [{"text": f"{SECRET} the same", "label": "rare"}] * 5)}, {}, 'the label "rare" is too rare to split 3 ways: it has 5 rows that are 1 when near-duplicates and groups count once (the first is tickets.jsonl:41); add rows with it, merge it into another label, or leave it out'),
    "unseen label": ({"train.jsonl": _jsonl(GOOD), "test.jsonl": _jsonl(_with(7, label="chrun"))}, {}, 'test.jsonl:7: the label "chrun" in the column "label" is in no training row; training knows "stay", "churn": correct it, or add such rows to the train file'),
    "Latin-1": ({"tickets.csv": _csv(GOOD).encode() + "café,churn\n".encode("latin-1")}, {}, "tickets.csv:42 is not UTF-8 (byte 0xe9): save the file as UTF-8, for example with iconv -f WINDOWS-1252 -t UTF-8"),
    "UTF-16": ({"tickets.csv": _csv(GOOD).encode("utf-16")}, {}, "tickets.csv is UTF-16, not UTF-8: save it as UTF-8 (iconv -f UTF-16 -t UTF-8)"),
    "NUL byte": ({"tickets.csv": _csv(GOOD) + "a\0b,churn\n"}, {}, "tickets.csv:42 holds a NUL byte: it is not a text file, or a broken copy; export it again"),
    "NUL in JSON": ({"tickets.jsonl": _jsonl(_with(2, text="a\0b"))}, {}, 'tickets.jsonl:2: the column "text" holds a NUL character: remove it'),
    "half a character": ({"tickets.jsonl": _jsonl(_with(2, text="\ud83d"))}, {}, 'tickets.jsonl:2: the column "text" holds half a surrogate pair (\\ud800 to \\udfff), which is not Unicode text: export the file again as UTF-8'),
    "broken JSON": ({"tickets.jsonl": _jsonl(GOOD[:6]) + '{"text": "a", "label"}\n'}, {}, "tickets.jsonl:7 is not valid JSON (Expecting ':' delimiter, column 22): each line must hold one whole object"),
    "JSON too deep": ({"tickets.jsonl": "[" * 200_000}, {}, "tickets.jsonl:1 is not valid JSON (it is nested too deeply or holds too large a number): each line must hold one whole object"),
    "JSON list": ({"tickets.jsonl": '["a", "b"]\n'}, {}, 'tickets.jsonl:1 holds a list where an object was expected: each line must look like {"text": …, "label": …}'),
    "JSON document": ({"tickets.json": json.dumps(GOOD, indent=1)}, {}, "tickets.json is one JSON document over several lines: write one object per line (jq -c '.[]')"),
    "not gzip": ({"tickets.csv.gz": _csv(GOOD)}, {}, "tickets.csv.gz is not a whole gzip file: compress or copy it again"),
    "not Parquet": ({"tickets.parquet": _csv(GOOD)}, {}, "tickets.parquet is not a whole Parquet file: write or copy it again"),
    "unquoted comma": ({"tickets.csv": _csv(GOOD) + "well, goodbye,churn\n"}, {}, "tickets.csv:42 has 3 fields where the header has 2: a message with commas or line breaks in it must stand in double quotes"),
    "open quote": ({"tickets.csv": _csv(GOOD) + '"never closed,churn\nhi,stay\n'}, {}, 'tickets.csv:42 cannot be read as CSV (unexpected end of data): a message with a double quote in it must stand in double quotes, with the inner one doubled ("")'),
    "stray quote": ({"tickets.csv": _csv(GOOD) + '"so" they said,churn\n'}, {}, "tickets.csv:42 cannot be read as CSV (',' expected after '\"')"),
    "number as text": ({"tickets.jsonl": _jsonl(_with(4, text=17))}, {}, 'tickets.jsonl:4: the column "text" holds a number where a text was expected: write it as text, or name another column with --text-column'),
    "object as text": ({"tickets.jsonl": _jsonl(_with(4, text={"body": SECRET}))}, {}, 'tickets.jsonl:4: the column "text" holds an object where a text was expected: write it as text, or name another column with --text-column'),
    "number as company": ({"tickets.jsonl": _jsonl(_with(4, company=17))}, {}, None),
    "ids as text": ({"tickets.csv": _csv([row | {"text": i} for i, row in enumerate(GOOD)])}, {}, 'tickets.csv: the column "text" holds nothing but numbers; name the one with the messages with --text-column'),
    "score as label": ({"tickets.jsonl": _jsonl([row | {"label": i / 40} for i, row in enumerate(GOOD)])}, {}, 'tickets.jsonl:2: the column "label" holds the fraction "0.025": a label is a class, not an amount; write the classes as words, or name another column with --label-column'),
    "object as label": ({"tickets.jsonl": _jsonl([row | {"label": {"is": row["label"]}} for row in GOOD])}, {}, 'tickets.jsonl:1: the column "label" holds an object: a label is a word, a whole number, true or false, or a list of words; name another column with --label-column'),
    "mixed labels": ({"tickets.jsonl": _jsonl(_with(3, label=1))}, {}, 'the column "label" holds a text in tickets.jsonl:1 and a number in tickets.jsonl:3: write all labels the same way'),
    "texts as labels": ({"tickets.csv": _csv([row | {"id": i} for i, row in enumerate(GOOD)])}, {"label_column": "text", "text_column": "label"}, 'the column "text" holds 40 different labels in 40 rows: that is no set of classes; name another column with --label-column'),
    "all texts empty": ({"tickets.jsonl": _jsonl([row | {"text": " "} for row in GOOD])}, {}, 'tickets.jsonl: all texts in the column "text" are empty; name another column with --text-column'),
    "all labels empty": ({"train.jsonl": _jsonl(GOOD), "test.jsonl": _jsonl([row | {"label": None} for row in GOOD])}, {}, 'test.jsonl: all labels in the column "label" are empty; name another column with --label-column, or leave a file without labels out'),
    "too many missing": ({"tickets.jsonl": _jsonl([row | ({"text": ""} if 4 <= i < 10 else {"label": None} if i < 13 else {}) for i, row in enumerate(GOOD, 1)])}, {}, "tickets.jsonl: 6 of 40 rows have no text and 6 more no label (the first is tickets.jsonl:1), which is over a fifth: check the columns, or remove these rows"),
    "no train file": ({"test.csv": _csv(GOOD), "notes.txt": "x"}, {}, 'has no train file: it needs train.csv (or .tsv, .jsonl, .parquet), and may have validation and test beside it; it has "notes.txt", "test.csv"'),
    "two train files": ({"train.csv": _csv(GOOD), "train.jsonl": _jsonl(GOOD)}, {}, "holds two files for train, train.csv and train.jsonl: keep one"),
    "query without database": ({"tickets.csv": _csv(GOOD)}, {"query": "SELECT 1"}, "--query needs a database to run on: --data sqlite:///tickets.db, or another SQLAlchemy URL"),
    "database without query": ({}, {"data": "sqlite:///tickets.db"}, 'a database needs a query: --query "SELECT text, label FROM tickets"'),
    "no such database": ({}, {"data": "sqlite:///nowhere.db", "query": "SELECT 1"}, 'there is no database file "nowhere.db": check --data'),
    "unknown database": ({}, {"data": "oracular://host/db", "query": "SELECT 1"}, "--data is not a database URL that SQLAlchemy knows: it looks like sqlite:///tickets.db or postgresql+psycopg://user@host/name"),
    "missing driver": ({}, {"data": "postgresql+psycopg://me:word@host/db", "query": "SELECT 1"}, "the driver for postgresql+psycopg://me:***@host/db is not installed: pip install psycopg"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_tickets_end_in_one_sentence(tmp_path, monkeypatch, name):
    files, options, sentence = BAD[name]
    monkeypatch.chdir(tmp_path)
    for file, content in files.items():
        Path(file).write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
    if name == "number as company":  # only one of the rows has a company
        sentence = 'tickets.jsonl:4: the column "company" holds a number where a text was expected: write it as text, or name another column with --pair-column'
    options = {"data": next(iter(files)) if len(files) == 1 else str(tmp_path)} | options
    with pytest.raises(DataError) as error:
        load(DataOptions(**options), seed=0, progress=False)
    said = str(error.value)
    assert sentence in said
    assert "\n" not in said
    assert SECRET not in said, "a message repeats the text of a ticket"


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("SELECT nope FROM tickets", 'refuses the query ("no such column: nope"): check --data and --query'),
        ("SELEC text", 'refuses the query ("near "SELEC": syntax error"): check --data and --query'),
        (
            "SELECT text, text FROM tickets",
            'the query has more than one column called "text": rename or remove one',
        ),
        ("SELECT * FROM tickets WHERE 1 = 0", "finds no rows: check its conditions"),
        ("SELECT text, x'00ff' AS label FROM tickets", 'query row 1: the column "label" holds bytes'),
        (
            "SELECT CAST(x'636166e9' AS TEXT) AS text, label FROM tickets",
            "Could not decode to UTF-8 column 'text'\"): check",
        ),
        ("DROP TABLE tickets", "the query returns no rows: it must be a SELECT"),
    ],
)
def test_bad_queries_end_in_one_sentence(tmp_path, query, sentence):
    with sqlite3.connect(tmp_path / "tickets.db") as connection:
        connection.execute("CREATE TABLE tickets (text, label)")
        connection.executemany("INSERT INTO tickets VALUES (:text, :label)", GOOD)
    connection.close()
    with pytest.raises(DataError) as error:
        load(DataOptions(data=f"sqlite:///{tmp_path}/tickets.db", query=query), seed=0, progress=False)
    assert sentence in str(error.value)


def _load(folder: Path, rows: list[dict], **options) -> Tickets:
    path = folder / "tickets.jsonl"
    path.write_text(_jsonl(rows), "utf-8")
    return load(DataOptions(data=str(path), **options), seed=0, progress=False)


def test_rows_without_text_or_label_are_dropped_and_counted(tmp_path):
    rows = [
        *GOOD,
        {"text": " \t", "label": "churn"},
        {"text": "hm", "label": None},
        {"text": "hm"},
        {"label": ""},
    ]
    findings = _load(tmp_path, rows).findings
    assert findings.read == {"tickets.jsonl": {"rows": 44, "kept": 40, "missing text": 2, "missing label": 2}}
    assert sum(part["rows"] for part in findings.splits.values()) == 40
    assert (
        findings.lines()[0] == "warning: tickets.jsonl: dropped 2 with missing text and 2 with missing label of 44 rows"
    )


def test_equal_inputs_with_unequal_labels_are_listed(tmp_path):
    """The company is part of the input: the strictest minimal twins are no conflict."""
    rows = [
        {"text": "we are going to Ostrio", "company": "Veltra", "label": "churn"},
        {"text": "we are going to Ostrio", "company": "Ostrio", "label": "stay"},
        {"text": "we  are going to Ostrio ", "company": "Veltra", "label": "stay"},
        *GOOD,
    ]
    findings = _load(tmp_path, rows).findings
    assert findings.conflicts == [["tickets.jsonl:1", "tickets.jsonl:3"]]
    assert any("tickets.jsonl:1 and tickets.jsonl:3: no model can learn both" in line for line in findings.lines())


def test_columns_are_found_by_default_by_name_and_not_at_all(tmp_path):
    rows = [row | {"company": f"c{i}", "pair_id": f"p{i // 2}"} for i, row in enumerate(GOOD)]
    default = _load(tmp_path, rows)
    assert (default.columns.pair, default.columns.group) == ("company", "pair_id")
    assert default.splits["train"]["pair"][0].startswith("c")
    assert set(default.splits["train"].column_names) == {
        "text",
        "pair",
        "label",
        "group",
        "row",
        "extra.pair_id",
    }
    off = _load(tmp_path, rows, pair_column="none", group_column="")
    assert (off.columns.pair, off.columns.group) == (None, None)
    assert set(off.splits["train"]["pair"]) == {""}
    assert "extra.company" in off.splits["train"].column_names
    swapped = _load(tmp_path, rows, pair_column="pair_id", group_column="company")
    assert swapped.splits["train"]["pair"][0].startswith("p")


def test_columns_of_the_users_keep_name_and_type_and_collide_with_none(tmp_path):
    extra = {"row": 7, "group": True, "pair": 1.5, "tags": ["a"], "nothing": None}
    part = _load(tmp_path, [row | extra | {"mixed": i if i % 2 else "word"} for i, row in enumerate(GOOD)]).splits[
        "train"
    ]
    first = part[0]
    assert {
        name.removeprefix("extra."): first[name] for name in part.column_names if name.startswith("extra.")
    } == extra | {"mixed": "word"}


def test_columns_that_arrow_cannot_hold_become_json_text(tmp_path):
    extra = {"object": {"a\0": 1, "a": None}, "empty": {}, "big": 2**80, "half": "\ud83d"}
    part = _load(tmp_path, [row | extra for row in GOOD]).splits["train"]
    found = [part[0][f"extra.{name}"] for name in extra]
    assert found == ['{"a\\u0000": 1, "a": null}', "{}", str(2**80), "?"]
    part.to_parquet(tmp_path / "out.parquet")


def test_findings_are_plain_json_and_hold_no_text(tmp_path):
    findings = _load(tmp_path, [*GOOD, GOOD[0] | {"label": "churn"}]).findings
    written = json.dumps(findings.to_dict()) + "\n".join(findings.lines())
    assert "conflicts" in written
    assert SECRET not in written


@pytest.mark.parametrize(
    ("value", "quoted"),
    [("a" * 41, '"' + "a" * 40 + '…"'), ("a" * 40, '"' + "a" * 40 + '"'), ("a\nb\x1b[31m", '"a·b·[31m"')],
)
def test_values_in_messages_are_short_and_printable(value, quoted):
    assert short(value) == quoted
