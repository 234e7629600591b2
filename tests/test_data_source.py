"""data.source and data.files: every kind of source gives the same tickets, and rows know where they stood."""

import gzip
import hashlib
import json
import sqlite3
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import ClassLabel, Dataset, Features, List, Value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.errors import DataError
from data.options import DataOptions
from data.source import HUB, read
from data.tickets import load

ROWS = [
    {"text": 'Bye, and "thanks"', "company": "Veltra", "label": "churn"},
    {"text": "two\nlines, one mail", "company": "", "label": "no_churn"},
    {"text": "NA", "company": "Ostrio", "label": "no_churn"},
]
CSV = '''text,company,label
"Bye, and ""thanks""",Veltra,churn
"two
lines, one mail",,no_churn
NA,Ostrio,no_churn
'''


def _write(folder: Path, name: str) -> Path:
    path = folder / name
    if ".csv" in name:
        content = CSV.encode()
    elif ".tsv" in name:
        content = CSV.replace(",", "\t").replace("Bye\t", "Bye,").replace("lines\t", "lines,").encode()
    elif ".json" in name or ".ndjson" in name:
        content = "\n".join(map(json.dumps, ROWS)).encode()
    else:
        sink = pa.BufferOutputStream()
        pq.write_table(pa.Table.from_pylist(ROWS), sink)
        content = sink.getvalue().to_pybytes()
    path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
    return path


def _database(folder: Path) -> str:
    path = folder / "tickets.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE tickets (text TEXT, company TEXT, label TEXT)")
        connection.executemany("INSERT INTO tickets VALUES (:text, :company, :label)", ROWS)
    connection.close()
    return f"sqlite:///{path}"


KINDS = ["csv", "tsv", "jsonl", "ndjson", "json", "parquet"]


@pytest.mark.parametrize("ending", KINDS + [f"{kind}.gz" for kind in KINDS])
def test_every_kind_of_file_holds_the_same_tickets(tmp_path, ending):
    table = read(str(_write(tmp_path, f"tickets.{ending}"))).tables["train"]
    assert [dict(zip(table.columns, row, strict=True)) for row in zip(*table.columns.values(), strict=True)] == ROWS


def test_a_query_holds_the_same_tickets(tmp_path):
    table = read(_database(tmp_path), "SELECT * FROM tickets").tables["train"]
    assert [dict(zip(table.columns, row, strict=True)) for row in zip(*table.columns.values(), strict=True)] == ROWS
    assert table.origin == ["query row 1", "query row 2", "query row 3"]


@pytest.mark.parametrize(
    ("ending", "origin"),
    [
        ("csv", ["tickets.csv:2", "tickets.csv:3", "tickets.csv:5"]),  # the second message spans two lines
        ("jsonl", ["tickets.jsonl:1", "tickets.jsonl:2", "tickets.jsonl:3"]),
        ("parquet", ["tickets.parquet row 1", "tickets.parquet row 2", "tickets.parquet row 3"]),
    ],
)
def test_rows_know_the_line_a_person_finds_them_on(tmp_path, ending, origin):
    assert read(str(_write(tmp_path, f"tickets.{ending}"))).tables["train"].origin == origin


def test_csv_as_excel_and_pandas_write_it(tmp_path):
    """A byte order mark, CRLF, blank lines and a nameless index column are no obstacles."""
    path = tmp_path / "tickets.csv"
    path.write_bytes(b"\xef\xbb\xbf,text,label\r\n0,hello there,a\r\n\r\n1,na\xc3\xafve,b\r\n")
    table = read(str(path)).tables["train"]
    assert table.columns == {"column_1": ["0", "1"], "text": ["hello there", "naïve"], "label": ["a", "b"]}
    assert table.origin == ["tickets.csv:2", "tickets.csv:4"]


def test_json_lines_may_hold_line_separators_and_leave_fields_out(tmp_path):
    path = tmp_path / "tickets.jsonl"
    path.write_text('{"text": "one\u2028line", "label": 1}\n{"text": "two", "label": 0, "channel": "chat"}\n', "utf-8")
    table = read(str(path)).tables["train"]
    assert table.columns["text"] == ["one\u2028line", "two"]
    assert table.columns["channel"] == [None, "chat"]


@pytest.mark.parametrize(
    ("names", "splits"),
    [
        (["train.csv"], ["train"]),
        (["train.csv", "test.jsonl.gz"], ["train", "test"]),
        (["train.tsv", "dev.parquet", "test.csv", "README.md"], ["train", "validation", "test"]),
        (["Train.csv", "VAL.csv"], ["train", "validation"]),
    ],
)
def test_folder_files_are_found_by_their_split(tmp_path, names, splits):
    for name in names:
        _write(tmp_path, name)
    assert list(read(str(tmp_path)).tables) == splits


def test_sha256_of_files_is_what_sha256sum_says(tmp_path):
    one = _write(tmp_path, "tickets.csv")
    assert read(str(one)).sha256 == hashlib.sha256(one.read_bytes()).hexdigest()
    folder = tmp_path / "folder"
    folder.mkdir()
    for name in ("test.csv", "train.jsonl"):
        _write(folder, name)
    printed = subprocess.run(["sha256sum", "train.jsonl", "test.csv"], cwd=folder, capture_output=True, check=True)
    assert read(str(folder)).sha256 == hashlib.sha256(printed.stdout).hexdigest()


def test_sha256_of_a_query_follows_the_rows(tmp_path):
    url = _database(tmp_path)
    query = "SELECT * FROM tickets"
    before = read(url, query).sha256
    assert before == read(url, query).sha256
    with sqlite3.connect(tmp_path / "tickets.db") as connection:
        connection.execute("UPDATE tickets SET label = 'churn'")
    connection.close()
    changed = read(url, query)
    assert changed.sha256 != before
    assert changed.tables["train"].columns["label"] == ["churn"] * 3, "an answer from a cache"


def test_a_query_keeps_whole_numbers_percent_signs_and_colons(tmp_path):
    """pandas would make 1.0 of a 1 beside a NULL, SQLAlchemy a parameter of :word."""
    with sqlite3.connect(tmp_path / "tickets.db") as connection:
        connection.execute("CREATE TABLE t (text TEXT, label INTEGER)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [("50 % off :now", 9007199254740993), ("b", None)])
    connection.close()
    table = read(f"sqlite:///{tmp_path}/tickets.db", "SELECT * FROM t WHERE text LIKE '%:now' OR label IS NULL").tables
    assert table["train"].columns == {"text": ["50 % off :now", "b"], "label": [9007199254740993, None]}


def test_a_query_that_writes_changes_nothing(tmp_path):
    url = _database(tmp_path)
    with pytest.raises(DataError, match="must be a SELECT"):
        read(url, "DELETE FROM tickets")
    assert len(read(url, "SELECT * FROM tickets").tables["train"].origin) == 3


def test_passwords_reach_neither_source_nor_errors():
    url = "mysql+nosuchdriver://user:hunter2@host/db?password=hunter2"
    with pytest.raises(DataError) as error:
        read(url, "SELECT 1")
    assert "hunter2" not in str(error.value)


def test_class_labels_in_parquet_become_their_names(tmp_path):
    """`datasets` writes class names into the file; -1 is how test sets say that a label is withheld."""
    features = Features(
        text=Value("string"), label=ClassLabel(names=["stay", "go"]), tags=List(ClassLabel(names=["x", "y"]))
    )
    rows = {"text": ["a", "b", "c"], "label": [1, 0, -1], "tags": [[0, 1], [], None]}
    Dataset.from_dict(rows, features=features).to_parquet(tmp_path / "tickets.parquet")
    table = read(str(tmp_path / "tickets.parquet")).tables["train"]
    assert table.columns["label"] == ["go", "stay", None]
    assert table.columns["tags"] == [["x", "y"], [], None]
    assert table.classes == {"label": ["stay", "go"], "tags": ["x", "y"]}


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("acme/tickets", ("acme/tickets", None, None)),
        ("acme/tickets:en", ("acme/tickets", "en", None)),
        ("acme/tickets@v1.0", ("acme/tickets", None, "v1.0")),
        ("acme/tickets:en@refs/pr/3", ("acme/tickets", "en", "refs/pr/3")),
    ],
)
def test_hub_datasets_are_named_with_config_and_revision(name, parts):
    assert HUB.fullmatch(name).group("repo", "config", "revision") == parts


def test_help_does_not_wait_for_pandas():
    """The command line is made from data.options: importing it must pull in nothing heavy."""
    code = "import sys, data.options; print({'numpy', 'pandas', 'datasets', 'pyarrow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def _sentence(path: Path) -> str:
    """What the user is told about the file; "" if it can be used."""
    try:
        load(DataOptions(data=str(path)), seed=0, progress=False)
    except DataError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet", "csv.gz"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=200) | st.text(alphabet='text,label\n"{}[]:\t;0é\x00', max_size=80).map(str.encode))
def test_any_bytes_end_in_tickets_or_in_a_sentence(tmp_path, ending, content):
    """Whatever stands in a file: never another exception than DataError."""
    path = tmp_path / f"tickets.{ending}"
    path.write_bytes(content)
    assert "\n" not in _sentence(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=4,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.fixed_dictionaries({"text": JSON | st.text(), "label": JSON, "company": JSON, "x": JSON}),
        max_size=8,
    )
)
def test_any_json_ends_in_tickets_or_in_a_sentence(tmp_path, rows):
    path = tmp_path / "tickets.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    assert "\n" not in _sentence(path)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
        min_size=20,
        max_size=30,
        unique=True,
    ),
    extra=JSON,
)
def test_what_goes_in_comes_out(tmp_path, texts, extra):
    """Every message arrives as it was, in one split, with its own label and its own line."""
    texts = [text.replace("\0", "0") for text in texts]
    rows = [{"text": text, "label": ("a", "b")[i % 2], "row": i, "group": extra} for i, text in enumerate(texts)]
    path = tmp_path / "tickets.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    if sentence := _sentence(path):  # so many near-duplicates or bare numbers that nothing is left to split
        assert "too rare" in sentence or "nothing but numbers" in sentence
        return
    tickets = load(DataOptions(data=str(path)), seed=0, progress=False)
    found = {row["row"]: row for part in tickets.splits.values() for row in part}
    assert len(found) == len(rows)
    for i, row in enumerate(rows):
        out = found[f"tickets.jsonl:{i + 1}"]
        assert (out["text"], out["extra.row"]) == (row["text"], i)
        assert tickets.labels.names[out["label"]] == row["label"]
