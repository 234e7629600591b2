"""data.push: tickets on a Hub, in one commit, and back again with types, over HTTP with the real clients."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from data.options import DataOptions
from data.push import write
from data.tickets import load
from tests.hub import READ_TOKEN

ROOT = Path(__file__).resolve().parent.parent
ROWS = [
    {
        "body": f"message number {i} says something of its own {i * 7}",
        "company": ("Veltra", "")[i % 2],
        "signal": ("churn", "no_churn")[i % 3 > 0],
        "channel": ("email", "chat")[i % 2],
        "pair_id": f"p{i}",
    }
    for i in range(60)
]
NAMED = ["--text-column", "body", "--label-column", "signal"]


def _run(env: dict, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> str:
    path = tmp_path_factory.mktemp("tickets") / "tickets.jsonl"
    path.write_text("\n".join(map(json.dumps, ROWS)), "utf-8")
    return str(path)


def test_pushed_tickets_come_back_with_types_and_columns(hub, tmp_path, file):
    """load_dataset gives three splits, ClassLabel and the original columns; data.load reads it back the same."""
    env = hub.env(home=tmp_path)
    done = _run(env, "-m", "data.push", "acme/round-trip", "--data", file, *NAMED)
    assert (done.returncode, done.stderr.count("Traceback")) == (0, 0), done.stderr
    assert "48 train, 6 validation, 6 test tickets are in acme/round-trip (private), commit" in done.stdout
    code = """
import json
from datasets import load_dataset
found = load_dataset("acme/round-trip")
test = found["test"]
print(json.dumps([{k: v.num_rows for k, v in found.items()}, test.column_names, test.features["signal"].names]))
from data.options import DataOptions
from data.tickets import load
tickets = load(DataOptions(data="acme/round-trip", text_column="body", label_column="signal"), seed=5, progress=False)
rows = [r["text"] + tickets.labels.names[r["label"]] + r["pair"] for p in tickets.splits.values() for r in p]
print(json.dumps([sorted(rows), tickets.source, tickets.findings.leaks]))
"""
    back = _run(env, "-c", code)
    assert back.returncode == 0, back.stderr
    (sizes, columns, names), (rows, source, leaks) = map(json.loads, back.stdout.splitlines())
    assert sizes == {"train": 48, "validation": 6, "test": 6}
    assert columns == ["body", "company", "signal", "channel", "pair_id"]
    assert names == ["no_churn", "churn"]
    assert rows == sorted(row["body"] + row["signal"] + row["company"] for row in ROWS)
    assert source.startswith("acme/round-trip@")
    assert leaks == {}


def test_a_second_push_is_one_commit_and_removes_what_the_first_left(hub, tmp_path, file):
    env = hub.env(home=tmp_path)
    assert _run(env, "-m", "data.push", "acme/again", "--data", file, *NAMED).returncode == 0
    before = len([a for a in hub.log if "/acme/again/commit/" in a.path])
    fewer = tmp_path / "fewer.jsonl"
    fewer.write_text("\n".join(map(json.dumps, ROWS[:40])), "utf-8")
    done = _run(env, "-m", "data.push", "acme/again", "--data", str(fewer), *NAMED)
    assert done.returncode == 0, done.stderr
    assert "32 train, 4 validation, 4 test" in done.stdout
    assert len([a for a in hub.log if "/acme/again/commit/" in a.path]) == before + 1
    files = set(hub.repo("acme/again", "dataset").files("main"))
    assert files - {".gitattributes"} == {
        "README.md",
        *(f"data/{split}-00000-of-00001.parquet" for split in ("train", "validation", "test")),
    }


@pytest.mark.parametrize(
    ("repo", "token", "more", "sentence"),
    [
        ("acme/none", None, [], "there is no token for the Hub: log in with hf auth login, or set HF_TOKEN"),
        ("acme/none", "", [], "there is no token for the Hub"),
        ("acme/none", "hf_unknown", [], "the Hub does not know this token"),
        ("no spaces/allowed", "write", [], "'no spaces/allowed' is not a repository name: it has the form org/name"),
        ("nameless", "write", [], "'nameless' is not a repository name"),
        ("acme/none", READ_TOKEN, [], "it needs the write permission there"),
        ("acme/none", "write", ["--label-column", "nope"], 'tickets.jsonl has no column "nope"'),
    ],
)
def test_what_cannot_be_pushed_is_told_and_leaves_nothing(hub, tmp_path, file, repo, token, more, sentence):
    env = hub.env(home=tmp_path) if token == "write" else hub.env(home=tmp_path, token=token)
    done = _run(env, "-m", "data.push", repo, "--data", file, *NAMED, *more)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert ("dataset", "acme/none") not in hub.store.repositories


def test_private_tickets_are_not_put_into_a_public_repository(hub, tmp_path, file):
    env = hub.env(home=tmp_path)
    assert "(public)" in _run(env, "-m", "data.push", "acme/open", "--data", file, *NAMED, "--public").stdout
    done = _run(env, "-m", "data.push", "acme/open", "--data", file, *NAMED)
    assert done.returncode == 2
    assert "acme/open is there and public: add --public" in done.stderr


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (
            "acme/nowhere",
            "there is no dataset acme/nowhere on the Hub that you may see: check the name, or log in with",
        ),
        ("acme/source@v9", "acme/source has no such revision: check what stands after the @"),
        ("acme/source:french", "the dataset acme/source:french cannot be loaded"),
    ],
)
def test_hub_datasets_that_cannot_be_read_are_told(hub, tmp_path, file, data, sentence):
    env = hub.env(home=tmp_path)
    if ("dataset", "acme/source") not in hub.store.repositories:
        assert _run(env, "-m", "data.push", "acme/source", "--data", file, *NAMED).returncode == 0
    done = _run(env, "-m", "data.push", "acme/copy", "--data", data, *NAMED)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr


def test_several_labels_per_message_survive_the_trip(tmp_path):
    """In the file that is pushed they are lists of ClassLabel, which data.load reads as names again."""
    rows = [
        {"text": f"message {i} about {i * 3}", "label": (["price"], ["price", "support"], [])[i % 3]} for i in range(60)
    ]
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, rows)), "utf-8")
    before = load(DataOptions(data=str(tmp_path / "in.jsonl")), seed=0, progress=False)
    out = tmp_path / "out"
    out.mkdir()
    write(before, out, "acme/several", None)
    for split in before.splits:
        (out / f"data/{split}-00000-of-00001.parquet").rename(out / f"{split}.parquet")
    after = load(DataOptions(data=str(out)), seed=0, progress=False)
    assert after.labels == before.labels
    assert {s: part["label"][:] for s, part in after.splits.items()} == {
        s: part["label"][:] for s, part in before.splits.items()
    }
    assert "Support tickets, labelled `price`, `support`." in (out / "README.md").read_text("utf-8")
