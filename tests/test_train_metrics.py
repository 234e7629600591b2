"""Metrics, held against scikit-learn, and the bootstrap that gives them intervals."""

from __future__ import annotations

import evaluate
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as oracle

from tests.tiny import ROOT
from train.bootstrap import Bootstrap, interval
from train.metrics import ClassificationMetrics, Ranking, Scorer, ece


def example(kind: str, n: int = 200, classes: int = 4, seed: int = 0):
    chance = np.random.default_rng(seed)
    if kind == "multilabel":
        probabilities = chance.random((n, classes)).round(2)  # rounding makes ties
        return probabilities, (chance.random((n, classes)) < probabilities).astype(int)
    classes = 2 if kind == "binary" else classes
    probabilities = chance.dirichlet(np.ones(classes), n).round(2)
    probabilities[:, -1] = 1 - probabilities[:, :-1].sum(axis=1)
    return probabilities, np.array([chance.choice(classes, p=p / p.sum()) for p in probabilities.clip(0)])


def test_binary_figures_agree_with_scikit_learn():
    p, y = example("binary")
    found, chosen = Scorer(p, y, "binary")(), p.argmax(axis=1)
    assert found["accuracy"] == pytest.approx(oracle.accuracy_score(y, chosen))
    assert found["macro_f1"] == pytest.approx(oracle.f1_score(y, chosen, average="macro"))
    assert found["roc_auc"] == pytest.approx(oracle.roc_auc_score(y, p[:, 1]))
    assert found["pr_auc"] == pytest.approx(oracle.average_precision_score(y, p[:, 1]))
    assert found["mcc"] == pytest.approx(oracle.matthews_corrcoef(y, chosen))
    assert found["brier"] == pytest.approx(oracle.brier_score_loss(y, p[:, 1]))
    report = oracle.classification_report(y, chosen, output_dict=True)
    assert found["per_class"]["recall"] == pytest.approx([report["0"]["recall"], report["1"]["recall"]])
    assert found["per_class"]["precision"] == pytest.approx([report["0"]["precision"], report["1"]["precision"]])


def test_multiclass_figures_agree_with_scikit_learn():
    p, y = example("multiclass")
    found, chosen = Scorer(p, y, "multiclass")(), p.argmax(axis=1)
    assert found["macro_f1"] == pytest.approx(oracle.f1_score(y, chosen, average="macro"))
    assert found["roc_auc"] == pytest.approx(oracle.roc_auc_score(np.eye(4)[y], p, average="macro"))
    assert found["mcc"] == pytest.approx(oracle.matthews_corrcoef(y, chosen))


def test_multilabel_figures_agree_with_scikit_learn():
    p, y = example("multilabel")
    found, chosen = Scorer(p, y, "multilabel")(), (p >= 0.5).astype(int)
    assert found["accuracy"] == pytest.approx(oracle.accuracy_score(y, chosen))
    assert found["macro_f1"] == pytest.approx(oracle.f1_score(y, chosen, average="macro"))
    assert found["pr_auc"] == pytest.approx(oracle.average_precision_score(y, p, average="macro"))


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 10_000), st.integers(5, 60))
def test_weights_are_the_same_as_repeating_tickets(seed, n):
    """The bootstrap rests on this: a count of 3 must do what three copies of the ticket would."""
    chance = np.random.default_rng(seed)
    scores, truth = chance.random(n).round(1), chance.random(n) < 0.4
    counts = chance.integers(0, 4, n)
    repeated = np.repeat(np.arange(n), counts)
    if 0 < truth[repeated].sum() < len(repeated):
        roc, pr = Ranking(scores, truth).areas(counts.astype(float))
        assert roc == pytest.approx(oracle.roc_auc_score(truth[repeated], scores[repeated]))
        assert pr == pytest.approx(oracle.average_precision_score(truth[repeated], scores[repeated]))


def test_one_class_only_has_no_roc_auc():
    found = Scorer(np.array([[0.2, 0.8], [0.6, 0.4]]), np.array([1, 1]), "binary")()
    assert np.isnan(found["roc_auc"])
    assert found["accuracy"] == 0.5


def test_ece_of_hand_made_bins():
    """Ten tickets at 0.75 of which five hold: a gap of 0.25."""
    assert ece(np.full(10, 0.75), np.array([1.0] * 5 + [0.0] * 5), np.ones(10)) == pytest.approx(0.25)
    assert ece(np.array([0.0, 1.0]), np.array([0.0, 1.0]), np.ones(2)) == 0.0


@pytest.mark.parametrize("kind", ["binary", "multiclass", "multilabel"])
def test_the_module_is_a_metric_of_evaluate_loaded_by_path(kind, monkeypatch, tmp_path):
    """Loaded the way users of `evaluate` load metrics, and filled in batches; nothing may be downloaded."""
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    metric = evaluate.load(str(ROOT / "train" / "metrics.py"), kind, cache_dir=str(tmp_path))
    p, y = example(kind)
    metric.add_batch(predictions=p[:120], references=y[:120])
    metric.add_batch(predictions=p[120:], references=y[120:])
    found, expected = metric.compute(), Scorer(p, y, kind)()
    assert found["roc_auc"] == pytest.approx(expected["roc_auc"])
    direct = ClassificationMetrics(config_name=kind, cache_dir=str(tmp_path)).compute(predictions=p, references=y)
    assert direct["macro_f1"] == pytest.approx(expected["macro_f1"])


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    """95 % intervals of a mean must cover it in most of 200 repetitions; 0.85 leaves room for chance only."""
    covered = 0
    for seed in range(200):
        right = np.random.default_rng(seed).random(150) < 0.8
        drawn = [c @ right / c.sum() for c in Bootstrap(range(150), seed, resamples=200).counts]
        found = interval(right.mean(), drawn)
        covered += found["low"] <= 0.8 <= found["high"]
    assert covered / 200 > 0.88


def test_the_calibration_error_lies_within_its_interval():
    """Resamples overstate it: a plain percentile interval of a calibrated model would not hold its own figure."""
    chance = np.random.default_rng(0)
    p = chance.random(400)
    y = (chance.random(400) < p).astype(float)
    drawn = [ece(p, y, c.astype(float)) for c in Bootstrap(range(400)).counts]
    plain, centred = interval(ece(p, y, np.ones(400)), drawn), interval(ece(p, y, np.ones(400)), drawn, centred=True)
    assert plain["low"] > plain["value"]
    assert centred["low"] <= centred["value"] <= centred["high"]


def test_a_class_missing_from_a_resample_is_left_out():
    """A perfect classifier of a rare class has recall 1 in every resample that holds the class."""
    p, y = np.array([[0.9, 0.1]] * 30 + [[0.1, 0.9]] * 2), np.array([0] * 30 + [1] * 2)
    scorer = Scorer(p, y, "binary")
    recalls = [scorer(c)["per_class"]["recall"][1] for c in Bootstrap(range(32)).counts]
    assert np.isnan(recalls).any()
    assert interval(1.0, recalls)["low"] == 1.0


def test_groups_are_drawn_whole_and_widen_the_interval():
    groups = np.repeat(np.arange(20), 10)
    counts = Bootstrap(groups, resamples=50).counts
    assert all(len(set(c[groups == g])) == 1 for c in counts for g in range(20))
    right = np.repeat(np.random.default_rng(0).random(20) < 0.7, 10).astype(float)
    by_group = interval(right.mean(), [c @ right / c.sum() for c in Bootstrap(groups).counts])
    by_row = interval(right.mean(), [c @ right / c.sum() for c in Bootstrap(range(200)).counts])
    assert by_group["high"] - by_group["low"] > 2 * (by_row["high"] - by_row["low"])
