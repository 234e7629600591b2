"""Which tickets share a step, how they are padded, and how a mean-pooled encoder gets its pooler."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
import torch
from accelerate import Accelerator
from datasets import Dataset
from hypothesis import given, settings
from hypothesis import strategies as st

from data.labels import LabelSpace
from tests.tiny import make_encoder
from train import batches, encoder, pooler
from train.command_line import parse
from train.errors import OptionError
from train.predict import predict
from train.tokens import tokenise

LABELS = LabelSpace(("no_churn", "churn"), "binary", "churn")


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 400), st.integers(1, 33), st.integers(0, 5), st.integers(0, 3))
def test_an_epoch_has_each_ticket_once(n, size, seed, epoch):
    lengths = np.random.default_rng(n).integers(2, 60, n)
    steps = batches.windows(lengths, size, seed, epoch)
    assert sorted(np.concatenate(steps)) == list(range(n))
    assert max(map(len, steps)) <= size
    assert all((a == b).all() for a, b in zip(steps, batches.windows(lengths, size, seed, epoch), strict=True))


def test_epochs_differ_and_lengths_within_a_step_do_not():
    lengths = np.random.default_rng(0).integers(2, 200, 3200)
    one, two = (batches.windows(lengths, 32, 0, epoch) for epoch in (0, 1))
    assert not all((a == b).all() for a, b in zip(one, two, strict=True))
    padded = sum(len(w) * lengths[w].max() for w in one)
    assert padded / lengths.sum() < 1.1  # random steps would pad to nearly twice the tokens
    order = [lengths[w].mean() for w in one]
    assert abs(np.corrcoef(order, np.arange(len(order)))[0, 1]) < 0.3  # short tickets do not all come first


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 70), st.integers(1, 9), st.integers(1, 4))
def test_processes_share_a_window_without_loss_and_in_lockstep(n, size, processes):
    window = np.arange(n)
    shares = [batches.micro_batches(window, size, p, processes) for p in range(processes)]
    assert len(set(map(len, shares))) == 1
    assert sorted(np.concatenate([rows for share in shares for rows in share])) == list(window)
    assert max(len(rows) for share in shares for rows in share) <= size


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return make_encoder(tmp_path_factory.mktemp("tiny") / "encoder")


def split(texts, pairs, labels):
    return Dataset.from_dict({"text": texts, "pair": pairs, "label": labels})


def test_pairs_are_sentence_pairs_and_empty_ones_single_texts(tiny):
    """The tokens are those of the tokenizer's own pair call: what `pipeline({"text", "text_pair"})` will make."""
    tokenizer = encoder.load_tokenizer(str(tiny), 16)
    texts, pairs = ["please cancel", "hello team", "leave " * 40], ["help", "", "stay"]
    tokens = tokenise(split(texts, pairs, [0, 1, 0]), tokenizer)
    for i, (text, pair) in enumerate(zip(texts, pairs, strict=True)):
        expected = tokenizer(text, pair or None, truncation=True)
        row = tokens.batch(np.array([i]))
        assert row["input_ids"][0].tolist() == expected["input_ids"]
        assert row["token_type_ids"][0].tolist() == expected["token_type_ids"]
    assert tokens.truncated == 1
    assert tokens.lengths.tolist()[2] == 16


def test_padding_is_masked_and_changes_no_logit(tiny):
    tokenizer = encoder.load_tokenizer(str(tiny), 48)
    texts = ["leave", "please cancel the invoice for my account again today", "stay " * 30, "hello", "goodbye team"]
    tokens = tokenise(split(texts, ["", "help", "", "", "hello"], [0, 1, 0, 1, 0]), tokenizer)
    classifier = encoder.load_classifier(str(tiny), LABELS).eval()
    together = predict(classifier, tokens, Accelerator(cpu=True))
    with torch.no_grad():
        alone = torch.cat([classifier(**tokens.batch(np.array([i]))).logits for i in range(5)])
    np.testing.assert_allclose(together, alone.numpy(), atol=1e-5)
    some = tokens.take(np.array([3, 1]))
    np.testing.assert_allclose(predict(classifier, some, Accelerator(cpu=True)), together[[3, 1]], atol=1e-5)


def test_a_length_beyond_the_encoder_is_refused(tiny):
    with pytest.raises(OptionError, match="reads at most 64 tokens"):
        encoder.load_tokenizer(str(tiny), 65)


def test_the_packaged_weights_are_verified(monkeypatch):
    monkeypatch.setattr(encoder, "PACKAGED_SHA256", "0" * 64)
    with pytest.raises(OptionError, match="not the published"):
        encoder.locate(encoder.PACKAGED)


def test_an_encoder_without_safetensors_is_refused(tiny, tmp_path):
    folder = tmp_path / "pickled"
    shutil.copytree(tiny, folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(OptionError, match="safetensors"):
        encoder.load_classifier(str(folder), LABELS)


def test_the_pooler_learns_the_mean_where_the_encoder_was_pretrained_with_it(tiny, tmp_path):
    """Afterwards [CLS] carries the pretrained mean; an encoder that does not say so is left as it is."""
    folder = tmp_path / "mean"
    shutil.copytree(tiny, folder)
    (folder / "1_Pooling").mkdir()
    (folder / "1_Pooling" / "config.json").write_text(json.dumps({"pooling_mode_mean_tokens": True}))
    texts = [" ".join(np.random.default_rng(i).choice(["leave", "stay", "help", "team"], 6)) for i in range(64)]
    tokens = tokenise(split(texts, [""] * 64, [0] * 64), encoder.load_tokenizer(str(folder), 16))
    batch = tokens.batch(np.arange(64))

    def distance(classifier) -> float:
        with torch.no_grad():
            mean = pooler.mean_of_tokens(pretrained(**batch).last_hidden_state, batch["attention_mask"])
            pooled = classifier.eval().bert(**batch).pooler_output
        return torch.nn.functional.mse_loss(pooled, torch.tanh(pooler.SCALE * mean)).item() / pooler.SCALE**2

    flags = ["--pooler-epochs", "20", "--learning-rate", "3e-3", "--batch-size", "16"]
    torch.manual_seed(0)
    classifier = encoder.load_classifier(str(folder), LABELS)
    pretrained = encoder.load_classifier(str(folder), LABELS).bert.eval()
    before = distance(classifier)
    pooler.align(classifier, tokens, parse(["--model", str(folder), *flags]), Accelerator(cpu=True))
    assert distance(classifier) < before / 3

    untouched = encoder.load_classifier(str(tiny), LABELS)
    weights = untouched.bert.pooler.dense.weight.clone()
    pooler.align(untouched, tokens, parse(["--model", str(tiny), *flags]), Accelerator(cpu=True))
    assert torch.equal(untouched.bert.pooler.dense.weight, weights)
