"""Publishing: the real Hub client against the tests' own Hub, Xet on as in production, and once off."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub.store import OUTSIDER_TOKEN, READ_TOKEN, WRITE_TOKEN
from tests.tiny import ROOT, make_encoder, make_tickets, train

pytestmark = pytest.mark.slow

ASK = """
import json, sys
from transformers import pipeline
repo, revision = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
classify = pipeline("text-classification", model=repo, revision=revision, device="cpu")
print(json.dumps(classify([{"text": "please leave today", "text_pair": "Brindle"}, "hello team"], top_k=None)))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    """A finished run on a tiny encoder; tests copy it."""
    place = tmp_path_factory.mktemp("push")
    make_encoder(place / "encoder")
    done = train(
        "--data", make_tickets(place / "tickets.csv", 200), "--model", place / "encoder", "--max-length", 48,
        "--epochs", 1, "--output-dir", place, "--run-name", "run", "--tracker", "none",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return place / "run"


@pytest.fixture
def copy(run, tmp_path) -> Path:
    shutil.copytree(run, tmp_path / "run")
    return tmp_path / "run"


def push(hub, tmp_path, *arguments: object, token: str | None = WRITE_TOKEN, xet: bool = True):
    """`python -m train.push …` with an empty cache."""
    home = tmp_path / f"home-{len(list(tmp_path.iterdir()))}"
    return subprocess.run(
        [sys.executable, "-m", "train.push", *map(str, arguments)],
        cwd=ROOT, env=hub.env(home, token, xet=xet), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def ask(hub, tmp_path, *arguments: str, token: str | None = WRITE_TOKEN):
    """A stranger's five lines with plain transformers, in an empty folder and with an empty cache."""
    home = tmp_path / f"home-{len(list(tmp_path.iterdir()))}"
    return subprocess.run(
        [sys.executable, "-c", ASK, *arguments],
        cwd=tmp_path, env=hub.env(home, token), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("xet", [True, False], ids=["xet", "no xet"])
def test_pushed_private_in_one_commit_and_loaded_by_plain_transformers(hub, copy, tmp_path, xet):
    name = f"acme/churn-{'xet' if xet else 'lfs'}"
    done = push(hub, tmp_path, copy, name, xet=xet)
    assert done.returncode == 0, done.stderr
    assert "read back: same scores" in done.stdout
    repo = hub.repo(name)
    assert repo.private
    assert len(repo.commits()) == 2  # the empty repository, and the model
    assert {"config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "README.md"} <= set(
        repo.files()
    )
    assert hub.read(name, "model.safetensors") == (copy / "model" / "model.safetensors").read_bytes()
    answered = ask(hub, tmp_path, name)
    assert answered.returncode == 0, answered.stderr
    assert {a["label"] for a in json.loads(answered.stdout)[0]} == {"churn", "no_churn"}
    assert ask(hub, tmp_path, name, token=OUTSIDER_TOKEN).returncode != 0
    card = hub.read(name, "README.md").decode()
    assert f'model="{name}"' in card
    assert "model-index" in card


def test_revision_tag_and_second_push(hub, copy, tmp_path):
    name = "acme/churn-again"
    assert push(hub, tmp_path, copy, name, "--revision", "exp/one", "--tag", "v1").returncode == 0
    assert "model.safetensors" in hub.repo(name).files("exp/one")
    assert "model.safetensors" not in hub.repo(name).files("main")
    assert "model.safetensors" in hub.repo(name).files("v1")
    again = push(hub, tmp_path, copy, name, "--tag", "v1")
    assert again.returncode == 2
    assert "has a tag v1 already" in again.stderr
    assert push(hub, tmp_path, copy, name, "--tag", "v2").returncode == 0
    assert ask(hub, tmp_path, name, "v2").returncode == 0


def test_the_same_run_ends_on_the_hub(hub, run, tmp_path):
    """`--push-to-hub` on the training command itself, from a file of tickets to a private model."""
    tickets, encoder = run.parent / "tickets.csv", run.parent / "encoder"
    done = train(
        "--data", tickets, "--model", encoder, "--max-length", 48, "--epochs", 1, "--output-dir", tmp_path,
        "--run-name", "r", "--tracker", "none", "--push-to-hub", "acme/from-run",
        env={**hub.env(tmp_path / "home"), "HF_HUB_OFFLINE": "0"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    assert hub.repo("acme/from-run").private
    assert "pushed" in done.stdout
    assert WRITE_TOKEN not in done.stdout + done.stderr
    for file in tmp_path.rglob("*"):
        if file.is_file() and "home" not in file.parts:
            assert WRITE_TOKEN.encode() not in file.read_bytes(), file


@pytest.mark.parametrize(
    ("token", "repo", "sentence"),
    [
        (None, "acme/m", "token"),
        ("", "acme/m", "token"),
        ("hf_wrong", "acme/m", "does not know this token"),
        (READ_TOKEN, "acme/m", "write permission"),
        (OUTSIDER_TOKEN, "acme/m", "write permission"),
        (WRITE_TOKEN, "a/b/c", "org/name"),
        (WRITE_TOKEN, "no name", "org/name"),
    ],
)
def test_what_keeps_a_push_from_working_is_said_before_the_first_step(hub, run, tmp_path, token, repo, sentence):
    """The same check that training makes before its first step; nothing may have been sent."""
    done = push(hub, tmp_path, run, repo, token=token)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert not token or token not in done.stderr + done.stdout
    assert ("model", repo) not in hub.store.repositories


def test_training_does_not_start_when_the_push_cannot_work(hub, run, tmp_path):
    tickets, encoder = run.parent / "tickets.csv", run.parent / "encoder"
    done = train(
        "--data", tickets, "--model", encoder, "--max-length", 48, "--output-dir", tmp_path / "runs",
        "--tracker", "none", "--push-to-hub", "acme/m",
        env={**hub.env(tmp_path / "home", READ_TOKEN), "HF_HUB_OFFLINE": "0"},
    )  # fmt: skip
    assert done.returncode == 2
    assert "write permission" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_a_public_repository_is_not_pushed_to_by_default(hub, copy, tmp_path):
    name = "acme/open"
    assert push(hub, tmp_path, copy, name, "--public").returncode == 0
    assert not hub.repo(name).private
    done = push(hub, tmp_path, copy, name)
    assert done.returncode == 2
    assert "is there and public" in done.stderr


def test_a_hub_that_goes_down_costs_nothing_and_the_printed_command_finishes(hub, copy, tmp_path):
    name = "acme/interrupted"
    hub.faults.add(r"/commit/", method="POST", status=500, times=100)
    done = push(hub, tmp_path, copy, name)
    assert done.returncode == 2
    command = done.stderr.strip().split("finish with: ")[1].split()
    assert (copy / "model" / "model.safetensors").exists()
    assert "model.safetensors" not in hub.repo(name).files()
    hub.faults.clear()
    again = push(hub, tmp_path, *command[3:])
    assert again.returncode == 0, again.stderr


def test_not_a_run(hub, tmp_path):
    done = push(hub, tmp_path, tmp_path, "acme/m")
    assert done.returncode == 2
    assert "has no metrics.json" in done.stderr
