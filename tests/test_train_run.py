"""Whole runs of the real command line on a tiny encoder: what they leave, repeat, survive and share out."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pyarrow.parquet as pq
import pytest
from safetensors.numpy import load_file

from tests.tiny import ROOT, environment, make_encoder, make_tickets, train

TINY = (
    "--max-length", 48, "--epochs", 3, "--batch-size", 8, "--head-learning-rate", 1e-2, "--learning-rate", 3e-3,
)  # fmt: skip

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder with a tiny encoder (with and without dropout) and 300 tickets."""
    folder = tmp_path_factory.mktemp("line")
    make_encoder(folder / "encoder")
    make_encoder(folder / "still", dropout=0.0)
    make_tickets(folder / "tickets.csv", 400)
    return folder


def run_in(place: Path, name: str, *arguments: object, encoder: str = "encoder", **how) -> Path:
    done = train(
        "--data", place / "tickets.csv", "--model", place / encoder, *TINY, "--output-dir", place / "runs",
        "--run-name", name, "--tracker", "none", *arguments, **how,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return place / "runs" / name


def metrics(run: Path) -> dict:
    return json.loads((run / "metrics.json").read_text())


@pytest.fixture(scope="module")
def first(place) -> tuple[Path, subprocess.CompletedProcess]:
    """One undisturbed run with the default tracker, as most tests look at it."""
    done = train(
        "--data", place / "tickets.csv", "--model", place / "encoder", *TINY, "--output-dir", place / "runs",
        "--run-name", "first",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    return place / "runs" / "first", done


def test_a_run_leaves_model_figures_and_report(first):
    run, _ = first
    left = {str(p.relative_to(run)) for p in run.rglob("*") if p.is_file()}
    assert {
        "options.json", "metrics.json", "model/config.json", "model/model.safetensors", "model/tokenizer.json",
        "model/README.md", "report/reliability.png", "report/costs.png", "report/curves.png", "report/confusion.png",
        "report/history.png", "report/mistakes.html", "report/predictions.parquet",
    } <= left  # fmt: skip
    checkpoints = sorted(p.name.split("-")[0] for p in (run / "checkpoints").iterdir())
    assert checkpoints == ["best", "step"]  # the last and the best, nothing else
    assert not [p for p in left if p.endswith((".part", ".bin", ".pt", ".pkl"))]


def test_metrics_hold_every_section_with_intervals(first):
    record = metrics(first[0])
    assert {
        "options", "versions", "data", "validation", "test", "baselines", "calibration", "threshold", "slices",
        "throughput",
    } <= set(record)  # fmt: skip
    figures = (record["test"], record["validation"], *record["baselines"].values())
    assert set(record["baselines"]) == {"majority", "tfidf_logistic"}
    for section in figures:
        for name in ("accuracy", "macro_f1", "roc_auc", "pr_auc", "mcc", "brier", "ece"):
            figure = section[name]
            assert figure["low"] <= figure["value"] + 1e-9, (name, figure)
            assert figure["value"] <= figure["high"] + 1e-9 or name == "ece", (name, figure)
    assert set(record["test"]["per_class"]) == {"churn", "no_churn"}
    assert record["data"]["sha256"]
    assert sum(split["rows"] for split in record["data"]["splits"].values()) == 400
    assert "length" in record["slices"]
    assert record["throughput"]["tickets_per_second"] > 0


def test_labels_travel_by_name_and_the_threshold_is_in_the_config(first):
    config = json.loads((first[0] / "model" / "config.json").read_text())
    assert config["id2label"] == {"0": "no_churn", "1": "churn"}
    assert config["threshold"] == metrics(first[0])["threshold"]["value"]
    assert config["positive_label"] == "churn"
    assert config["architectures"] == ["BertForSequenceClassification"]


def test_a_plain_pipeline_gives_the_reported_probabilities(first):
    """Calibration is in the head: somebody who never saw this project gets the very scores of the report."""
    assert_pipeline_agrees(first[0])


def test_figures_are_those_of_fp32_whatever_training_used(place):
    """Under bf16 accelerate wraps the model's forward; a threshold from bf16 logits would not be the saved model's."""
    assert_pipeline_agrees(run_in(place, "bf16", "--precision", "bf16", "--epochs", 1))


def test_the_model_learns(first):
    """The tiny encoder finds the one word that makes a signal; a loop that learns nothing would stay at 0.5."""
    assert metrics(first[0])["test"]["roc_auc"]["value"] > 0.8


def test_the_terminal_shows_the_table_and_no_ticket_text(first, place):
    _, done = first
    for words in ("TF-IDF + logistic regression", "majority class", "this model", "kept epoch", "threshold"):
        assert words in done.stdout
    texts = [line.split(",")[0] for line in (place / "tickets.csv").read_text().splitlines()[1:]]
    said = done.stdout + done.stderr
    assert not [t for t in texts if t in said]


def test_the_default_tracker_has_parameters_curves_and_final_figures(first, place):
    with sqlite3.connect(next((place / "runs" / "trackio").glob("*.db"))) as database:
        logged = " ".join(str(row) for row in database.execute("SELECT * FROM metrics"))
        settings = " ".join(str(row) for row in database.execute("SELECT * FROM configs"))
    assert "train/loss" in logged
    assert "validation/pr_auc" in logged
    assert "test/roc_auc" in logged
    assert "learning_rate" in settings


def test_two_runs_with_one_seed_are_bit_identical(first, place):
    again = run_in(place, "again")
    assert same_weights(first[0], again)
    assert metrics(first[0])["test"] == metrics(again)["test"]


def test_another_seed_is_another_model(first, place):
    assert not same_weights(first[0], run_in(place, "other-seed", "--seed", 1))


@pytest.mark.parametrize("checkpoint_steps", [0, 3], ids=["between epochs", "within an epoch"])
def test_a_run_killed_in_its_second_epoch_resumes_bit_identically(first, place, checkpoint_steps):
    name = f"killed-{checkpoint_steps}"
    command = [
        sys.executable, "-m", "train", "--data", place / "tickets.csv", "--model", place / "encoder", *TINY,
        "--output-dir", place / "runs", "--run-name", name, "--tracker", "none", "--checkpoint-steps", checkpoint_steps,
    ]  # fmt: skip
    run = place / "runs" / name
    steps_an_epoch = 40  # 320 tickets in batches of 8
    reached = steps_an_epoch + (checkpoint_steps and 2 * checkpoint_steps - steps_an_epoch % checkpoint_steps)
    process = subprocess.Popen(
        list(map(str, command)), cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while not any(step_of(p) >= reached for p in run.glob("checkpoints/step-*[0-9]")):
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.002)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not (run / "metrics.json").exists()
    done = train("--resume", run)
    assert done.returncode == 0, done.stderr[-3000:]
    assert same_weights(first[0], run)
    assert metrics(first[0])["test"] == metrics(run)["test"]
    assert metrics(first[0])["history"] == metrics(run)["history"]


def test_a_finished_run_is_not_resumed(first):
    done = train("--resume", first[0])
    assert done.returncode == 2
    assert "is finished already" in done.stderr


def test_resume_refuses_tickets_that_changed(place, tmp_path):
    tickets = make_tickets(tmp_path / "tickets.csv", 200)
    kept = ("--data", tickets, "--model", place / "encoder", *TINY, "--tracker", "none", "--output-dir", tmp_path)
    assert train(*kept, "--run-name", "r").returncode == 0
    (tmp_path / "r" / "metrics.json").unlink()  # as if it had been interrupted while it reported
    make_tickets(tickets, 200, seed=9)
    done = train("--resume", "--output-dir", tmp_path)
    assert done.returncode == 2
    assert "have changed" in done.stderr


def test_accumulation_equals_the_large_batch_to_rounding(place):
    """8 × 1 and 2 × 4, with a last window that is not full (320 = 14 × 22 + 12), on an encoder without dropout."""
    runs = [
        run_in(
            place, f"window-{size}", "--batch-size", size, "--gradient-accumulation-steps", 14 // size, encoder="still"
        )
        for size in (14, 2)
    ]
    assert_same_to_rounding(*runs)


@pytest.mark.parametrize(
    "launcher",
    [("--num_processes", "2"), ("--config_file", str(ROOT / "train" / "launch" / "cpu.yaml"))],
    ids=["by flag", "by file"],
)
def test_two_processes_equal_one_and_count_each_ticket_once(place, launcher):
    """Two processes with batch 7 take the steps of one with batch 14, and each ticket is evaluated exactly once."""
    number = len(list(place.glob("runs/*")))
    one = run_in(place, f"one-{number}", "--batch-size", 14, encoder="still")
    two = run_in(place, f"two-{number}", "--batch-size", 7, encoder="still", launcher=launcher)
    assert metrics(two)["throughput"]["processes"] == 2
    assert_same_to_rounding(one, two)


def test_two_processes_agree_on_the_name_of_the_run(place, tmp_path):
    """Each process has a clock of its own; a run named by date and time must still have one folder."""
    done = train(
        "--data", place / "tickets.csv", "--model", place / "encoder", *TINY, "--epochs", 1, "--output-dir", tmp_path,
        "--tracker", "none", launcher=("--num_processes", "2"),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    (run,) = tmp_path.iterdir()
    assert (run / "metrics.json").exists()


def test_the_launcher_alone_leaves_no_core_idle(place):
    """`accelerate launch` with no options sets one thread; the cores are shared out unless the user chose."""
    alone = ("--num_processes", "1")
    free = run_in(place, "free", "--epochs", 1, launcher=alone, env={"OMP_NUM_THREADS": None})
    cores = min(len(os.sched_getaffinity(0)), psutil.cpu_count(logical=False) or 1)
    assert metrics(free)["throughput"]["threads"] == cores
    chosen = run_in(place, "chosen", "--epochs", 1, launcher=alone, env={"OMP_NUM_THREADS": "1"})
    assert metrics(chosen)["throughput"]["threads"] == 1


def test_a_strangers_csv_trains_with_three_flags(place, tmp_path):
    text = (place / "tickets.csv").read_text()
    text = text.replace("text,company,label,channel", "body,who,churned,via")
    text = re.sub(r",no_churn,", ",no,", re.sub(r",churn,", ",yes,", text))
    (tmp_path / "export.csv").write_text(text)
    done = train(
        "--data", tmp_path / "export.csv", "--text-column", "body", "--label-column", "churned", "--pair-column", "who",
        "--model", place / "encoder", *TINY, "--output-dir", tmp_path, "--run-name", "r", "--tracker", "none",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    config = json.loads((tmp_path / "r" / "model" / "config.json").read_text())
    assert config["id2label"] == {"0": "no", "1": "yes"}
    assert config["positive_label"] == "yes"


def test_several_classes(place, tmp_path):
    tickets = make_tickets(tmp_path / "t.jsonl", 240, labels=("stays", "goes", "refund", "bug"))
    done = train(
        "--data", tickets, "--model", place / "encoder", *TINY, "--output-dir", tmp_path, "--run-name", "r",
        "--tracker", "none", "--metric", "accuracy", "--class-weights", "goes=2,bug=0.5", "--label-smoothing", 0.1,
        "--epochs", 10,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    record = metrics(tmp_path / "r")
    assert record["data"]["kind"] == "multiclass"
    assert "threshold" not in record
    assert record["test"]["accuracy"]["value"] > 0.5
    config = json.loads((tmp_path / "r" / "model" / "config.json").read_text())
    assert set(config["id2label"].values()) == {"stays", "goes", "refund", "bug"}


def test_several_labels_a_ticket(place, tmp_path):
    chance = np.random.default_rng(0)
    rows = []
    for i in range(240):
        labels = [name for name in ("refund", "crash") if chance.random() < 0.5]
        words = [*chance.choice(["please", "again", "my", "account", "today"], 5), *labels]
        rows.append({"text": " ".join(chance.permutation(words)) + f" {i}", "label": labels})
    (tmp_path / "t.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    done = train(
        "--data", tmp_path / "t.jsonl", "--model", place / "encoder", *TINY, "--epochs", 12, "--output-dir", tmp_path,
        "--run-name", "r", "--tracker", "none",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    record = metrics(tmp_path / "r")
    assert record["data"]["kind"] == "multilabel"
    assert record["test"]["roc_auc"]["value"] > 0.85
    config = json.loads((tmp_path / "r" / "model" / "config.json").read_text())
    assert config["problem_type"] == "multi_label_classification"


def test_folds_cross_validate_the_fine_tuning(place):
    run = run_in(place, "folds", "--folds", 2, "--class-weights", "balanced", "--precision", "bf16")
    folds = metrics(run)["folds"]
    assert len(folds["folds"]) == 2
    assert folds["roc_auc"]["mean"] == pytest.approx(np.mean([f["roc_auc"] for f in folds["folds"]]))
    assert not (run / "folds" / "0").is_dir()


def test_a_missing_tracker_is_an_error_not_silence(place):
    done = train("--data", place / "tickets.csv", "--model", place / "encoder", "--tracker", "wandb")
    assert done.returncode == 2
    assert "--tracker wandb is not installed; run: pip install wandb" in done.stderr


def test_tensorboard_by_flag(place):
    run = run_in(place, "board", "--tracker", "tensorboard")
    assert list(run.rglob("events.out.tfevents*"))


def test_bad_tickets_end_in_one_sentence_and_leave_no_run(place, tmp_path):
    (tmp_path / "t.csv").write_text("body,label\nhello,churn\n")
    done = train("--data", tmp_path / "t.csv", "--output-dir", tmp_path / "runs")
    assert done.returncode == 2
    assert done.stderr.count("error:") == 1
    assert "Traceback" not in done.stderr
    assert "text" in done.stderr
    assert "body" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_a_read_only_output_folder_is_one_sentence(place, tmp_path):
    (tmp_path / "file").write_text("")
    done = train(
        "--data", place / "tickets.csv", "--model", place / "encoder", *TINY, "--output-dir", tmp_path / "file"
    )
    assert done.returncode == 2
    assert "cannot be written" in done.stderr


def step_of(checkpoint: Path) -> int:
    return int(checkpoint.name.removeprefix("step-")) if checkpoint.suffix != ".part" else -1


def assert_pipeline_agrees(run: Path) -> None:
    from transformers import pipeline

    classify = pipeline("text-classification", model=str(run / "model"), device="cpu")
    for row in pq.read_table(run / "report" / "predictions.parquet").to_pylist()[:10]:
        asked = {"text": row["text"], "text_pair": row["pair"]} if row["pair"] else row["text"]
        scores = {a["label"]: a["score"] for a in classify([asked], truncation=True, top_k=None)[0]}
        assert scores["churn"] == pytest.approx(row["p(churn)"], abs=1e-5)


def same_weights(one: Path, other: Path) -> bool:
    return (one / "model" / "model.safetensors").read_bytes() == (other / "model" / "model.safetensors").read_bytes()


def assert_same_to_rounding(one: Path, other: Path) -> None:
    losses = [[e["loss"] for e in metrics(run)["history"]] for run in (one, other)]
    np.testing.assert_allclose(*losses, rtol=2e-3)
    tables = [pq.read_table(run / "report" / "predictions.parquet").to_pandas() for run in (one, other)]
    assert len(tables[0]) == len(tables[1]) == 40
    assert not tables[1]["p(churn)"].isna().any()
    np.testing.assert_allclose(tables[0]["p(churn)"], tables[1]["p(churn)"], atol=5e-3)
    weights = [load_file(run / "model" / "model.safetensors") for run in (one, other)]
    for name, tensor in weights[0].items():
        np.testing.assert_allclose(tensor, weights[1][name], atol=5e-3, err_msg=name)


@pytest.fixture(scope="module", autouse=True)
def clean_up(place):
    """Checkpoints of a dozen runs are large; nothing below needs them afterwards."""
    yield
    shutil.rmtree(place / "runs", ignore_errors=True)
