"""What a run leaves behind: `metrics.json`, the saved model with its card, the pictures and the predictions."""

from __future__ import annotations

import importlib.metadata
import platform
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from accelerate import Accelerator

from data.tickets import EXTRA, Tickets
from train import baselines, calibration, card, encoder, mistakes, plots, threshold
from train.calibration import Outcome
from train.checkpoint import Progress
from train.evaluation import Evaluation
from train.options import Options
from train.tokens import Tokens

PACKAGES = ("torch", "transformers", "datasets", "evaluate", "accelerate", "huggingface_hub", "scikit-learn")


def evaluate(
    tickets: Tickets, tokens: dict[str, Tokens], outcome: Outcome, options: Options
) -> tuple[dict, np.ndarray]:
    """The record that becomes `metrics.json` (the README lists its keys), and the bag of words' probabilities."""
    labels, seed, splits = tickets.labels, options.training.seed, tickets.splits
    columns = tickets.columns
    test = Evaluation(splits["test"], labels, columns.pair, columns.group, seed)
    validation = Evaluation(splits["validation"], labels, columns.pair, columns.group, seed)
    on_validation = outcome.probabilities("validation", labels.kind)
    on_test = outcome.probabilities("test", labels.kind)
    majority = baselines.majority(tokens["train"].labels, len(splits["test"]), labels)
    bag = baselines.tfidf_logistic(tickets, seed)
    record = {
        "options": {**options.flat(), "data": tickets.source, "query": None},  # a database URL holds a password
        "base_model": encoder.base_model(options.model.model),
        "versions": {
            "python": platform.python_version(),
            **{p: importlib.metadata.version(p) for p in PACKAGES},
        },
        "data": {
            "source": tickets.source,
            "sha256": tickets.sha256,
            "kind": labels.kind,
            "labels": list(labels.names),
            "positive": labels.positive,
            "columns": vars(columns),
            "truncated": {name: t.truncated for name, t in tokens.items()},
            **tickets.findings.to_dict(),
        },
        "validation": validation.figures(on_validation),
        "test": test.figures(on_test),
        "baselines": {"majority": test.figures(majority), "tfidf_logistic": test.figures(bag)},
        "advantage": {"tfidf_logistic": test.advantage(on_test, bag)},
        "calibration": {
            "temperature": outcome.temperature,
            "validation": _calibration(validation, outcome, "validation"),
            "test": _calibration(test, outcome, "test"),
        },
        "slices": test.slices(on_test),
        "pairs": {"model": test.pairs(on_test), "tfidf_logistic": test.pairs(bag)},
        "best_epoch": outcome.progress.best_epoch + 1,
        "history": outcome.progress.history,
    }
    if labels.kind == "binary":
        miss, alarm = options.decision.cost_miss, options.decision.cost_false_alarm
        chosen = threshold.choose_threshold(_cost_curve(validation.truth, on_validation, options), miss, alarm)
        record["threshold"] = {
            "value": chosen,
            "cost_miss": miss,
            "cost_false_alarm": alarm,
            "validation": validation.decision(on_validation[:, 1], chosen, miss, alarm),
            "test": test.decision(on_test[:, 1], chosen, miss, alarm),
        }
    return record, bag


def throughput(progress: Progress, threads: int, precision: str, accelerator: Accelerator) -> dict:
    """How fast the fine-tuning was, on what; evaluation is not counted."""
    on_gpu = accelerator.device.type == "cuda"
    return {
        "tickets_per_second": progress.tickets / progress.seconds if progress.seconds else None,
        "tokens_per_second": progress.tokens / progress.seconds if progress.seconds else None,
        "seconds": progress.seconds,
        "steps": progress.step,
        "precision": precision,
        "processes": accelerator.num_processes,
        "threads": threads,
        "device": torch.cuda.get_device_name(0) if on_gpu else platform.processor() or platform.machine(),
    }


def save_model(folder: Path, classifier, tokenizer, record: dict) -> None:
    """Writes plain transformers files and the model card into `runs/<name>/model`."""
    if "threshold" in record:
        classifier.config.threshold = record["threshold"]["value"]
        classifier.config.positive_label = record["data"]["positive"]
    record["model_type"] = classifier.config.model_type
    classifier.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "README.md").write_text(card.make(record), encoding="utf-8")


def save_report(
    folder: Path, record: dict, tickets: Tickets, outcome: Outcome, bag: np.ndarray, options: Options
) -> None:
    """Writes pictures, predictions and mistakes of the test split into `runs/<name>/report`."""
    labels, test = tickets.labels, tickets.splits["test"]
    truth = np.asarray(test["label"])
    before = calibration.probabilities(outcome.uncalibrated["test"], labels.kind)
    after = outcome.probabilities("test", labels.kind)
    plots.reliability(folder / "reliability.png", before, after, truth, labels.kind)
    plots.history(folder / "history.png", record["history"], options.training.metric, record["best_epoch"])
    if labels.kind == "binary":
        validation = outcome.probabilities("validation", labels.kind)
        curve = _cost_curve(np.asarray(tickets.splits["validation"]["label"]), validation, options)
        cost = options.decision
        plots.costs(folder / "costs.png", curve, record["threshold"]["value"], cost.cost_miss, cost.cost_false_alarm)
        models = {"this model": after[:, 1], "TF-IDF + logistic regression": bag[:, 1]}
        plots.curves(folder / "curves.png", models, truth == 1)
    if labels.kind != "multilabel":
        plots.confusion(folder / "confusion.png", truth, after.argmax(axis=1), labels.names)
    mistakes.write(folder / "mistakes.html", test, after, labels)
    if tickets.findings.conflicts:
        lines = (" and ".join(rows) + "\n" for rows in tickets.findings.conflicts)
        (folder / "conflicts.txt").write_text("Rows that read the same and differ in label:\n" + "".join(lines))
    _predictions(folder / "predictions.parquet", tickets, after)


def _cost_curve(truth: np.ndarray, probabilities: np.ndarray, options: Options) -> threshold.CostCurve:
    cost = options.decision
    return threshold.cost_curve(probabilities[:, 1], truth == 1, cost.cost_miss, cost.cost_false_alarm)


def _calibration(evaluation: Evaluation, outcome: Outcome, split: str) -> dict:
    kind = evaluation.labels.kind
    before = evaluation.figures(calibration.probabilities(outcome.uncalibrated[split], kind))
    after = evaluation.figures(outcome.probabilities(split, kind))
    return {
        when: {name: figures[name] for name in ("ece", "nll", "brier")}
        for when, figures in (("before", before), ("after", after))
    }


def _predictions(path: Path, tickets: Tickets, probabilities: np.ndarray) -> None:
    """The test split, ticket by ticket, for whoever wants to look closer. Stays here; it is never pushed."""
    test, labels = tickets.splits["test"], tickets.labels
    columns = {name.removeprefix(EXTRA): test[name] for name in test.column_names if name.startswith(EXTRA)}
    columns |= {name: test[name] for name in ("row", "text", "pair")}  # ours win over a user's of the same name
    columns["label"] = [labels.decode(y) for y in test["label"]]
    columns["prediction"] = [
        labels.decode((p >= 0.5).astype(int).tolist() if labels.kind == "multilabel" else int(p.argmax()))
        for p in probabilities
    ]
    columns |= {f"p({name})": probabilities[:, c] for c, name in enumerate(labels.names)}
    pq.write_table(pa.table(columns), path)
