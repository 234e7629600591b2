"""The model card: what the model is for, how to use it, how good it is and where it fails.

Everything in it comes from the run's record (`metrics.json`), so that it can be made again when the name of the
repository is known. It holds no ticket text and no path of the machine that trained.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from huggingface_hub import EvalResult, ModelCard, ModelCardData

SHOWN_CLASSES = 20
SHOWN_SLICES = ("length", "company", "trap", "channel", "industry")
METRICS = {
    "accuracy": "Accuracy",
    "macro_f1": "Macro-F1",
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC (average precision)",
    "mcc": "Matthews correlation",
    "brier": "Brier score (lower is better)",
    "ece": "Expected calibration error (lower is better)",
}
SHIPPED = "the shipped tickets"  # as data.source names them
HUB_NAMES = {
    "accuracy": "accuracy",
    "macro_f1": "f1",
    "roc_auc": "roc_auc",
    "pr_auc": "average_precision",
    "mcc": "matthews_correlation",
}


def make(record: dict, repo: str | None = None) -> str:
    """The card's text, YAML head included; `repo` (org/name) goes into its examples."""
    data = record["data"]
    churn = data["kind"] == "binary" and data["positive"] == "churn"
    name = repo or "your-org/your-model"
    parts = [
        f"# {'Churn signals in support tickets' if churn else name.split('/')[-1]}",
        _purpose(record, churn),
        "## How to use it",
        _usage(record, name, churn),
        "## Results",
        _results(record),
        _pairs(record),
        _decision(record),
        "## Calibration",
        _calibration(record),
        "## Where it is weaker",
        _slices(record),
        "## Limits",
        _limits(record, churn),
        "## Training",
        _training(record),
    ]
    content = "\n\n".join(part for part in parts if part)
    return str(ModelCard(f"---\n{_head(record, name).to_yaml()}\n---\n\n{content}\n"))


def _head(record: dict, name: str) -> ModelCardData:
    data, base = record["data"], record["base_model"]
    shipped = data["source"] == SHIPPED
    dataset, hub_dataset = _dataset(record), _hub_dataset(record)
    results = [
        EvalResult(
            task_type="text-classification",
            task_name="Text Classification",
            dataset_type=hub_dataset or dataset,
            dataset_name=dataset,
            dataset_split="test",
            metric_type=hub_name,
            metric_name=METRICS[key],
            metric_value=round(record["test"][key]["value"], 4),
        )
        for key, hub_name in HUB_NAMES.items()
        if record["test"][key]["value"] is not None
    ]
    return ModelCardData(
        # Of other people's texts neither language nor licence is known: theirs to add.
        language="en" if shipped else None,
        license="apache-2.0" if shipped else None,
        library_name="transformers",
        pipeline_tag="text-classification",
        base_model=base,
        datasets=[hub_dataset] if hub_dataset else None,
        tags=["text-classification", record["model_type"]]
        + (["churn", "customer-support"] if data["positive"] == "churn" else []),
        metrics=list(HUB_NAMES.values()),
        model_name=name.split("/")[-1],
        eval_results=results,
    )


def _purpose(record: dict, churn: bool) -> str:
    labels = record["data"]["labels"]
    base = record["base_model"]
    start = f"[{base}](https://huggingface.co/{base})" if base else "a local encoder"
    if churn:
        return (
            f"Reads one message that a customer sent to a support desk, and says how likely its writer is to stop being "
            f"a customer **of the company that received it**: cancelling, not renewing, moving to a competitor, or "
            f"saying so between the lines. Anger alone is no churn signal, and a friendly goodbye is one. Fine-tuned "
            f"from {start}; its probabilities are calibrated."
        )
    kind = {
        "binary": "two classes",
        "multiclass": f"{len(labels)} classes",
        "multilabel": f"{len(labels)} labels",
    }
    return f"Classifies texts into {kind[record['data']['kind']]}. Fine-tuned from {start}; its probabilities are calibrated."


def _usage(record: dict, name: str, churn: bool) -> str:
    pair = record["data"]["columns"]["pair"]
    lines = [
        "```python",
        "from transformers import pipeline",
        "",
        f'classify = pipeline("text-classification", model="{name}")',
    ]
    if churn:
        lines += ['classify("Please send the final invoice and delete our workspace.", truncation=True)']
        if pair:
            lines += [
                'classify({"text": "We are moving from Veltra to Ostrio in May.", "text_pair": "Veltra"}, truncation=True)',
            ]
    else:
        lines += ['classify("…", truncation=True)']
    lines += ["```"]
    if pair:
        lines += [
            "",
            f"The second text (`text_pair`) is the {pair} the message is addressed to. The same words can be a farewell "
            "for one company and a greeting for another, so give it where you know it; the model also answers without.",
        ]
    if "threshold" in record:
        lines += [
            "",
            f"The pipeline's label is the more likely class. To decide by what mistakes cost, compare the probability of "
            f"`{record['data']['positive']}` with `model.config.threshold` ({record['threshold']['value']:.3f}).",
        ]
    return "\n".join(lines)


def _results(record: dict) -> str:
    data = record["data"]
    ahead = record["advantage"]["tfidf_logistic"]["macro_f1"]
    rows = [
        f"Test split of {_dataset(record)}: {data['splits']['test']['rows']:,} texts, with 95 % bootstrap intervals "
        "(1,000 resamples of whole groups).",
        "",
        "| | this model | TF-IDF + logistic regression | majority class |",
        "|---|---|---|---|",
    ]
    for key, title in METRICS.items():
        cells = (record["test"], record["baselines"]["tfidf_logistic"], record["baselines"]["majority"])
        rows.append(f"| {title} | " + " | ".join(_shown(c[key]) for c in cells) + " |")
    rows += [
        "",
        f"Macro-F1 minus that of the bag of words: {_shown(ahead)} (paired; ahead in {ahead['ahead']:.1%} of resamples).",
    ]
    classes = record["test"]["per_class"]
    worst = sorted(classes, key=lambda c: classes[c]["f1"]["value"])[:SHOWN_CLASSES]
    shown = [c for c in classes if c in worst]
    title = "class" if len(shown) == len(classes) else f"the {len(shown)} weakest of {len(classes)} classes"
    rows += ["", f"| {title} | precision | recall | F1 | support |", "|---|---|---|---|---|"]
    rows += [
        f"| {_cell(c)} | "
        + " | ".join(_shown(classes[c][m]) for m in ("precision", "recall", "f1"))
        + f" | {classes[c]['support']} |"
        for c in shown
    ]
    return "\n".join(rows)


def _pairs(record: dict) -> str:
    model, bag = record["pairs"]["model"], record["pairs"]["tfidf_logistic"]
    if "all" not in model:
        return ""
    rows = [
        "### Minimal pairs",
        "",
        "Texts that differ in a few words, or only in the second text, and carry different labels. Chance gets a ROC-AUC "
        "of 0.5 and a quarter of the pairs.",
        "",
        "| | texts | ROC-AUC | ROC-AUC, bag of words | both right | both right, bag of words |",
        "|---|---|---|---|---|---|",
    ]
    for name, title in (("all", "all pairs"), ("same_text", "same text, other second text")):
        if name in model:
            ours, theirs = model[name], bag[name]
            cells = (ours["roc_auc"], theirs["roc_auc"], ours["consistency"], theirs["consistency"])
            rows.append(f"| {title} | {ours['tickets']} | " + " | ".join(map(_shown, cells)) + " |")
    return "\n".join(rows)


def _decision(record: dict) -> str:
    if "threshold" not in record:
        return ""
    chosen = record["threshold"]
    at = chosen["test"]
    return "\n".join(
        [
            "### At the decision threshold",
            "",
            f"Chosen on the validation split for a miss that costs {chosen['cost_miss']:g} and a false alarm that costs "
            f"{chosen['cost_false_alarm']:g}: **{chosen['value']:.3f}**. On the test split:",
            "",
            "| recall | precision | F1 | share flagged | cost a ticket |",
            "|---|---|---|---|---|",
            "| "
            + " | ".join(_shown(at[k]) for k in ("recall", "precision", "f1", "flagged", "cost_per_ticket"))
            + " |",
        ]
    )


def _calibration(record: dict) -> str:
    scaled = record["calibration"]
    rows = [
        f"Temperature scaling on the validation split (T = {scaled['temperature']:.3f}), divided into the weights of the "
        "classification layer: every consumer gets calibrated probabilities.",
        "",
        "| test split | before | after |",
        "|---|---|---|",
    ]
    for key, title in (
        ("ece", "Expected calibration error"),
        ("nll", "Negative log-likelihood"),
        ("brier", "Brier score"),
    ):
        rows.append(f"| {title} | {_shown(scaled['test']['before'][key])} | {_shown(scaled['test']['after'][key])} |")
    return "\n".join(rows)


def _slices(record: dict) -> str:
    chosen = [s for s in SHOWN_SLICES if s in record["slices"]]
    if not chosen:
        return ""
    rows = ["| slice | | texts | accuracy | macro-F1 | ROC-AUC |", "|---|---|---|---|---|---|"]
    for column in chosen:
        for value, figures in record["slices"][column].items():
            cells = " | ".join(_shown(figures[k]) for k in ("accuracy", "macro_f1", "roc_auc"))
            rows.append(f"| {_cell(column)} | {_cell(value)} | {figures['tickets']} | {cells} |")
    return "\n".join(rows)


def _limits(record: dict, churn: bool) -> str:
    options, truncated = record["options"], sum(record["data"]["truncated"].values())
    lines = [
        f"- Reads at most {options['max_length']} tokens; of the texts it was made from, {truncated:,} were longer.",
        "- Measured on the data above only. Check it on texts of your own before you act on it, and again when they change.",
    ]
    if churn:
        lines += [
            "- English. A signal is a reason to talk to a customer, not proof that they leave, and no ground for treating "
            "anybody worse.",
        ]
    return "\n".join(lines)


def _training(record: dict) -> str:
    shown = {k: v for k, v in record["options"].items() if k in TRAINING_OPTIONS}
    shown["model"] = record["base_model"] or Path(shown["model"]).name
    speed, data = record["throughput"], record["data"]
    lines = [
        f"- Data: {_dataset(record)}, sha256 `{data['sha256']}`; "
        + ", ".join(f"{name} {split['rows']:,}" for name, split in data["splits"].items()),
        f"- Kept epoch {record['best_epoch']} of {len(record['history'])} by validation {record['options']['metric']}",
        f"- {speed['steps']:,} steps in {speed['seconds']:.0f} s ({speed['tickets_per_second']:.0f} texts/s) in "
        f"{speed['precision']} on {speed['device']}, {speed['processes']} process(es)",
        "- Versions: " + ", ".join(f"{k} {v}" for k, v in record["versions"].items()),
        "",
        "```json",
        json.dumps(shown, indent=1),
        "```",
    ]
    return "\n".join(lines)


TRAINING_OPTIONS = (
    "model", "max_length", "epochs", "learning_rate", "head_learning_rate", "batch_size", "gradient_accumulation_steps",
    "warmup_ratio", "weight_decay", "layer_decay", "label_smoothing", "class_weights", "metric", "patience", "seed",
    "cost_miss", "cost_false_alarm",
)  # fmt: skip


def _dataset(record: dict) -> str:
    """The data's name; a database without its host."""
    source = record["data"]["source"]
    return f"a {source.partition(':')[0]} query" if "://" in source else source


def _hub_dataset(record: dict) -> str | None:
    """org/name, if the tickets came from the Hub."""
    found = re.fullmatch(r"([\w.-]+/[\w.-]+)(:[\w.-]+)?@[0-9a-f]{40}", record["data"]["source"])
    return found.group(1) if found else None


def _shown(figure: dict[str, float | None]) -> str:
    if figure["value"] is None:
        return "–"
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"


def _cell(text: str) -> str:
    return re.sub(r"([\\|`*_<>\[\]])", r"\\\1", text).replace("\n", " ")
