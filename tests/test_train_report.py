"""Slices, minimal pairs, mistakes, card: what people read must be right and must not leak."""

from __future__ import annotations

import json

import numpy as np
import pytest
from datasets import Dataset
from huggingface_hub import ModelCard

from data.labels import LabelSpace
from train import card, mistakes, plots
from train.evaluation import Evaluation
from train.slices import minimal_pairs

LABELS = LabelSpace(("no_churn", "churn"), "binary", "churn")


def pairs_split() -> Dataset:
    """Two few-words pairs, one same-text pair, one pair that carries one label only, and a single."""
    rows = [
        ("we leave you", "A", 1, "p1"), ("we never leave you", "A", 0, "p1"),
        ("going to B for good", "A", 1, "p2"), ("going to B for lunch", "A", 0, "p2"),
        ("from A to B", "A", 1, "p3"), ("from A to B", "B", 0, "p3"),
        ("thanks", "A", 0, "p4"), ("thank you", "A", 0, "p4"),
        ("hello", "", 0, "p5"), ("a customer who goes", "A", 1, "p5"),
    ]  # fmt: skip
    return Dataset.from_dict(
        {
            "text": [r[0] for r in rows],
            "pair": [r[1] for r in rows],
            "label": [r[2] for r in rows],
            "group": [int(r[3][1]) for r in rows],
            "row": [f"t.csv:{i}" for i in range(2, 12)],
            "extra.pair_id": [r[3] for r in rows],
            "extra.channel": ["email"] * 10,
        }
    )


def test_minimal_pairs_are_groups_with_both_labels():
    found = minimal_pairs(pairs_split(), "pair_id")
    assert found["all"].tolist() == [True] * 6 + [False] * 4
    assert found["same_text"].tolist() == [False] * 4 + [True] * 2 + [False] * 4


def test_a_pair_counts_only_when_both_twins_are_right():
    churn = np.array([0.9, 0.1, 0.9, 0.8, 0.6, 0.4, 0.1, 0.1, 0.1, 0.9])  # the second twin of p2 is wrong
    evaluation = Evaluation(pairs_split(), LABELS, "company", "pair_id")
    found = evaluation.pairs(np.stack([1 - churn, churn], axis=1))
    assert found["all"]["consistency"]["value"] == pytest.approx(2 / 3)
    assert found["all"]["consistency"]["pairs"] == 3
    assert found["all"]["accuracy"]["value"] == pytest.approx(5 / 6)
    assert "same_text" not in found  # one pair is no figure


def test_decision_figures_by_hand():
    churn = np.array([0.9, 0.1, 0.3, 0.6, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1])
    found = Evaluation(pairs_split(), LABELS, "company", "pair_id").decision(churn, 0.25, miss=5, false_alarm=1)
    assert found["recall"]["value"] == pytest.approx(2 / 4)  # 0.9 and 0.3 of four signals
    assert found["precision"]["value"] == pytest.approx(2 / 3)  # and one false alarm
    assert found["cost_per_ticket"]["value"] == pytest.approx((2 * 5 + 1) / 10)


def test_mistakes_are_escaped_and_sorted(tmp_path):
    split = Dataset.from_dict(
        {
            "text": ["<script>alert(1)</script>", "quite wrong", "right"],
            "pair": ['"><img src=x>', "", ""],
            "label": [1, 0, 0],
            "row": ["t.csv:2", "t.csv:3", "t.csv:4"],
        }
    )
    mistakes.write(tmp_path / "m.html", split, np.array([[0.6, 0.4], [0.05, 0.95], [0.9, 0.1]]), LABELS)
    page = (tmp_path / "m.html").read_text()
    assert "<script>" not in page
    assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert page.index("quite wrong") < page.index("alert(1)")
    assert "t.csv:4" not in page


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_reliability_is_drawn_for_every_kind(kind, tmp_path):
    chance = np.random.default_rng(0)
    p = chance.dirichlet(np.ones(2 if kind == "binary" else 5), 80)
    y = (chance.random((80, 5)) < 0.5).astype(int) if kind == "multilabel" else chance.integers(0, p.shape[1], 80)
    plots.reliability(tmp_path / "r.png", p**2, p, y, kind)
    assert (tmp_path / "r.png").stat().st_size > 5000


def record() -> dict:
    """A record as `train.report` makes it, small."""
    figure = {"value": 0.9, "low": 0.8, "high": 0.95}
    figures = dict.fromkeys(("accuracy", "macro_f1", "roc_auc", "pr_auc", "mcc", "brier", "ece"), figure)
    classes = {n: {"support": 10, "precision": figure, "recall": figure, "f1": figure} for n in ("no|churn", "churn")}
    scaled = {"ece": figure, "nll": figure, "brier": figure}
    options = {"model": "/home/jo/secret/encoder", "max_length": 64, "metric": "pr_auc", "data": "/home/jo/t.csv"}
    split = {"rows": 20, "labels": {"no|churn": 10, "churn": 10}}
    return {
        "options": options,
        "base_model": None,
        "model_type": "bert",
        "versions": {"python": "3.11"},
        "data": {
            "source": "postgresql://db.internal/tickets", "sha256": "ab" * 32, "kind": "binary", "positive": "churn",
            "labels": ["no|churn", "churn"], "columns": {"pair": "company"}, "truncated": {"train": 3},
            "splits": {"train": split, "validation": split, "test": split},
        },
        "test": {**figures, "per_class": classes},
        "baselines": {"majority": figures, "tfidf_logistic": figures},
        "advantage": {"tfidf_logistic": {"macro_f1": {**figure, "ahead": 0.99}}},
        "pairs": {"model": {}, "tfidf_logistic": {}},
        "calibration": {"temperature": 1.2, "test": {"before": scaled, "after": scaled}},
        "threshold": {
            "value": 0.2, "cost_miss": 5, "cost_false_alarm": 1,
            "test": dict.fromkeys(("recall", "precision", "f1", "flagged", "cost_per_ticket"), figure),
        },
        "slices": {"channel": {"a|b": {"tickets": 20, "accuracy": figure, "macro_f1": figure, "roc_auc": figure}}},
        "best_epoch": 2,
        "history": [{}, {}],
        "throughput": {
            "steps": 4, "seconds": 2.0, "tickets_per_second": 20.0, "precision": "fp32", "device": "cpu", "processes": 1
        },
    }  # fmt: skip


def test_the_card_has_the_figures_the_usage_and_no_private_paths():
    text = card.make(record(), "acme/churn")
    head = ModelCard(text).data
    assert head.license is None  # of somebody's own tickets it is theirs to say
    assert head.pipeline_tag == "text-classification"
    assert {r.metric_type: r.metric_value for r in head.eval_results}["roc_auc"] == 0.9
    assert 'model="acme/churn"' in text
    assert '"text_pair": "Veltra"' in text
    assert "0.900 [0.800, 0.950]" in text
    for private in ("/home/jo", "secret", "db.internal"):
        assert private not in text
    assert r"no\|churn" in text  # a label with a pipe must not break its table
    assert json.loads(text.split("```json\n")[1].split("```")[0])["model"] == "encoder"
