"""Calibration, the class-weight correction and the decision threshold."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from transformers import AutoModelForSequenceClassification

from data.labels import LabelSpace
from tests.tiny import make_encoder
from train.calibration import fit_temperature, negative_log_likelihood, probabilities, scale_head
from train.encoder import load_classifier
from train.errors import OptionError
from train.objective import make_objective
from train.threshold import choose_threshold, cost_curve

LABELS = LabelSpace(("no_churn", "churn"), "binary", "churn")


@pytest.mark.parametrize("true_temperature", [0.5, 1.0, 3.0])
def test_the_temperature_that_made_the_labels_is_found(true_temperature):
    chance = np.random.default_rng(0)
    honest = chance.normal(size=(5000, 3)) * 2
    labels = np.array([chance.choice(3, p=p) for p in probabilities(honest, "multiclass")])
    assert fit_temperature(honest * true_temperature, labels, "multiclass") == pytest.approx(true_temperature, rel=0.1)


def test_calibration_lowers_the_likelihood_loss_of_an_overconfident_model():
    chance = np.random.default_rng(1)
    honest = chance.normal(size=(2000, 4))
    labels = (chance.random((2000, 4)) < probabilities(honest, "multilabel")).astype(float)
    t = fit_temperature(honest * 4, labels, "multilabel")
    assert negative_log_likelihood(honest * 4 / t, labels, "multilabel") < negative_log_likelihood(
        honest * 4, labels, "multilabel"
    )


def test_the_head_itself_is_scaled(tmp_path):
    """Saved and loaded by plain transformers, the model's logits are (z - log w) / T of before."""
    make_encoder(tmp_path / "encoder")
    torch.manual_seed(0)
    classifier = load_classifier(str(tmp_path / "encoder"), LABELS).eval()
    torch.nn.init.normal_(classifier.classifier.bias)
    inputs = torch.tensor([[2, 9, 8, 7, 3]])
    with torch.no_grad():
        before = classifier(inputs).logits
    shift = torch.tensor([0.0, 0.7])
    scale_head(classifier, 2.5, shift)
    classifier.save_pretrained(tmp_path / "model")
    with torch.no_grad():
        after = AutoModelForSequenceClassification.from_pretrained(tmp_path / "model").eval()(inputs).logits
    torch.testing.assert_close(after, (before - shift) / 2.5)


def test_weighted_training_is_undone_for_the_real_class_shares():
    """A bias trained under class weights must come back to the log odds of the data, not of the weighted data."""
    y = np.array([0] * 900 + [1] * 100)
    objective = make_objective("balanced", LABELS, y, 0.0)
    bias = torch.zeros(2, requires_grad=True)
    optimizer = torch.optim.LBFGS([bias], max_iter=100)

    def closure():
        optimizer.zero_grad()
        loss = objective.total(bias.expand(len(y), 2), torch.from_numpy(y)) / objective.weight(y)
        loss.backward()
        return loss

    optimizer.step(closure)
    weighted = torch.softmax(bias.detach(), 0)[1]
    undone = torch.softmax(bias.detach() - objective.prior_shift(), 0)[1]
    assert weighted == pytest.approx(0.5, abs=1e-3)
    assert undone == pytest.approx(0.1, abs=1e-3)


@pytest.mark.parametrize("asked", ["churn", "churn=x", "chrun=2", "churn=0", "churn=-1"])
def test_wrong_class_weights_are_named(asked):
    with pytest.raises(OptionError, match="--class-weights"):
        make_objective(asked, LABELS, np.array([0, 1]), 0.0)


def test_objective_equals_torch_mean_reduction():
    y, z = torch.tensor([0, 1, 1, 0, 1]), torch.randn(5, 2, generator=torch.Generator().manual_seed(0))
    objective = make_objective("churn=3", LABELS, y.numpy(), 0.1)
    expected = torch.nn.functional.cross_entropy(z, y, weight=torch.tensor([1.0, 3.0]), label_smoothing=0.1)
    torch.testing.assert_close(objective.total(z, y) / objective.weight(y.numpy()), expected)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.floats(0.1, 20), st.floats(0.1, 20))
def test_no_threshold_is_cheaper_than_the_chosen_one(seed, n, miss, alarm):
    chance = np.random.default_rng(seed)
    p, y = chance.random(n).round(2), chance.random(n) < 0.4
    chosen = choose_threshold(cost_curve(p, y, miss, alarm), miss, alarm)

    def cost(t: float) -> float:
        flagged = p >= t
        return (miss * (y & ~flagged).sum() + alarm * (~y & flagged).sum()) / n

    assert cost(chosen) == pytest.approx(min(cost(t) for t in [0.0, *p, *(p + 1e-6), 1.01]))


def test_ties_go_to_the_theory_of_calibrated_probabilities():
    """Every threshold between 0.1 and 0.9 is free of mistakes here; 1 / (1 + 4) = 0.2 lies nearest to 0.5."""
    curve = cost_curve(np.array([0.1, 0.9]), np.array([False, True]), 4.0, 1.0)
    assert choose_threshold(curve, 4.0, 1.0) == pytest.approx(0.5)
    curve = cost_curve(np.array([0.1, 0.3, 0.9]), np.array([False, True, True]), 4.0, 1.0)
    assert choose_threshold(curve, 4.0, 1.0) == pytest.approx(0.2)
