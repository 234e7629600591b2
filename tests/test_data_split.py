"""data.split and data.duplicates: nothing that belongs together is torn apart, and every split looks alike."""

import json
import random
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data import split
from data.duplicates import THRESHOLD, jaccard, linked, near_duplicates, shingles, words
from data.errors import DataError
from data.options import DataOptions
from data.tickets import load

VOCABULARY = [a + b for a in ("ka", "lo", "mi", "ne", "pu", "ri", "so", "ta") for b in ("l", "m", "n", "r", "s", "t")]


def _mails(count: int, seed: int, longest: int = 40) -> list[str]:
    draw = random.Random(seed)
    return [" ".join(draw.choices(VOCABULARY, k=draw.randint(1, longest))) for _ in range(count)]


def _edited(text: str, edits: int, draw: random.Random) -> str:
    found = text.split()
    for _ in range(edits):
        found[draw.randrange(len(found))] = draw.choice(VOCABULARY)
    return " ".join(found)


def _alike(a: str, b: str) -> bool:
    """The definition, by brute force."""
    one, two = shingles(words(a)), shingles(words(b))
    return words(a) == words(b) or bool(one and two and jaccard(one, two) >= THRESHOLD)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), edits=st.integers(0, 4))
def test_near_duplicates_are_those_of_the_definition(seed, edits):
    """Exactly the transitive closure of "alike": every pair found by brute force, and no other."""
    draw = random.Random(seed)
    texts = _mails(40, seed)
    texts += [_edited(draw.choice(texts), edits, draw) for _ in range(40)]
    found = near_duplicates(texts)
    expected = np.arange(len(texts))
    for i, j in combinations(range(len(texts)), 2):
        if _alike(texts[i], texts[j]):
            expected[expected == expected[j]] = expected[i]
    assert len(set(zip(found.tolist(), expected.tolist(), strict=True))) == len(set(expected)) == len(set(found))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Hi!", "hi", True),
        ("cancel it", "cancel this", False),
        ("👋", "👋 ", True),
        ("👋", "😡", False),
        ("Please CANCEL my plan, today.", "please cancel my plan today", True),
        ("解約したいのですが方法を教えてください", "解約したいのですが方法を教えて下さい", False),
        ("解約したいのですが、方法を教えてください。", "解約したいのですが方法を教えてください", True),
    ],
)
def test_case_punctuation_and_emoji(one, other, same):
    assert len(set(near_duplicates([one, other]).tolist())) == (1 if same else 2)


def test_thousands_with_one_opening_do_not_take_forever():
    """A form letter's opening puts all mails into the same buckets; each is compared with few others only."""
    opening = "hello I am writing to you regarding the order that was placed last week and has not arrived"
    texts = [f"{opening} {tail}" for tail in _mails(3000, 1, longest=20)]
    assert near_duplicates(texts).max() > 1000


def test_groups_join_what_is_near_and_what_the_user_says():
    near = np.array([0, 1, 0, 2, 3, 4])
    assert linked(near, ["a", "a", "", "", "b", "b"]).tolist() == [0, 0, 0, 1, 2, 2]


@st.composite
def _tables(draw) -> tuple[np.ndarray, np.ndarray, int]:
    """(rows, classes) of 0 and 1 with one or any number of labels per row, (rows,) groups, a seed."""
    seed = draw(st.integers(0, 10**6))
    rng = np.random.default_rng(seed)
    rows, classes = draw(st.integers(60, 400)), draw(st.integers(2, 6))
    if draw(st.booleans()):
        labels = np.eye(classes, dtype=int)[rng.integers(0, classes, rows)]
    else:
        labels = (rng.random((rows, classes)) < 0.3).astype(int)
    groups = rng.integers(0, max(1, int(rows * draw(st.floats(0.3, 3)))), rows)
    return labels, np.unique(groups, return_inverse=True)[1], seed


@settings(max_examples=80, deadline=None)
@given(table=_tables(), shares=st.sampled_from([[0.8, 0.1, 0.1], [0.9, 0.1], [0.2] * 5]))
def test_parts_are_whole_grouped_stratified_and_repeatable(table, shares):
    labels, groups, seed = table
    part = split.stratified(labels, groups, shares, seed)
    for group in range(groups.max() + 1):
        assert len(set(part[groups == group].tolist())) == 1, "a group is torn apart"
    assert (part == split.stratified(labels, groups, shares, seed)).all(), "the same seed, another split"
    slack = 2 * np.bincount(groups).max() + 2  # whole groups cannot be dealt out more exactly than this
    for number, share in enumerate(shares):
        assert abs((part == number).sum() - share * len(labels)) <= slack * labels.shape[1]
        for label in labels.T:
            assert abs(label[part == number].sum() - share * label.sum()) <= slack
            there = len(np.unique(groups[label == 1]))
            if there >= 3 * len(shares):
                assert label[part == number].any(), "a part without a label that has groups enough"


def test_a_class_with_three_rows_is_in_all_three_splits():
    labels = np.eye(2, dtype=int)[np.array([0] * 97 + [1] * 3)]
    for seed in range(20):
        part = split.stratified(labels, np.arange(100), [0.8, 0.1, 0.1], seed)
        assert sorted(part[97:].tolist()) == [0, 1, 2]


def test_small_classes_get_their_share_on_the_whole():
    """77 classes of 15: rounding each one down would leave the test split with two thirds of its share."""
    labels = np.eye(77, dtype=int)[np.repeat(np.arange(77), 15)]
    part = split.stratified(labels, np.arange(len(labels)), [0.8, 0.1, 0.1], 0)
    assert np.bincount(part) / len(labels) == pytest.approx([0.8, 0.1, 0.1], abs=0.01)


def test_seeds_give_other_splits():
    labels = np.eye(2, dtype=int)[np.arange(200) % 2]
    one, two = (split.stratified(labels, np.arange(200), [0.8, 0.1, 0.1], seed) for seed in (0, 1))
    assert (one != two).any()


def _file(path, texts, **columns):
    rows = [
        {"text": text, "label": ("stay", "churn")[i % 3 == 0], **{name: made(i) for name, made in columns.items()}}
        for i, text in enumerate(texts)
    ]
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")


def _no_leak(splits):
    """No group, no value of the group column and no near-twin on two sides, by brute force."""
    for one, other in combinations(splits.values(), 2):
        assert not set(one["group"]) & set(other["group"])
        assert not any(_alike(a, b) for a in one["text"] for b in other["text"])


def test_loaded_splits_hold_no_leak(tmp_path):
    draw = random.Random(3)
    texts = _mails(150, 3)
    texts += [_edited(draw.choice(texts), draw.randint(0, 2), draw) for _ in range(100)]
    _file(tmp_path / "tickets.jsonl", texts, pair_id=lambda i: f"p{i % 120}" if i % 4 == 0 else None)
    tickets = load(DataOptions(data=str(tmp_path / "tickets.jsonl")), seed=1, progress=False)
    _no_leak(tickets.splits)
    for one, other in combinations(tickets.splits.values(), 2):
        assert not set(filter(None, one["extra.pair_id"])) & set(filter(None, other["extra.pair_id"]))
    assert not tickets.findings.leaks
    assert tickets.findings.near_duplicates["rows"] > 50
    again = load(DataOptions(data=str(tmp_path / "tickets.jsonl")), seed=1, progress=False)
    assert all(tickets.splits[name]["row"] == again.splits[name]["row"] for name in tickets.splits)


@pytest.mark.parametrize("given_too", ["test", "validation"])
def test_a_missing_split_is_cut_from_train_and_said(tmp_path, given_too):
    missing = {"test": "validation", "validation": "test"}[given_too]
    _file(tmp_path / "train.jsonl", _mails(200, 5))
    _file(tmp_path / f"{given_too}.jsonl", _mails(50, 6))
    tickets = load(DataOptions(data=str(tmp_path)), seed=0, progress=False)
    assert {name: len(part) for name, part in tickets.splits.items()}[given_too] == 50
    assert len(tickets.splits[missing]) == pytest.approx(20, abs=3)
    assert tickets.findings.splits[missing]["origin"] == "made"
    assert tickets.findings.splits[given_too]["origin"] == "given"
    assert f"no {missing} split was given: 10% of the training rows make it" in tickets.findings.lines()
    own = set(tickets.splits["train"]["group"])
    assert not own & set(tickets.splits[missing]["group"])


def test_leaks_between_given_splits_are_found_and_named(tmp_path):
    mails = [text for text in _mails(120, 7) if len(text.split()) > 30]
    twin = mails[1] + " bye"
    _file(tmp_path / "train.jsonl", mails[:20], pair_id=lambda i: f"t{i}")
    _file(tmp_path / "validation.jsonl", mails[20:24], pair_id=lambda i: f"v{i}")
    _file(tmp_path / "test.jsonl", [mails[0], twin, mails[24], mails[25]], pair_id=lambda i: ("x", "y", "t5", "z")[i])
    findings = load(DataOptions(data=str(tmp_path)), seed=0, progress=False).findings
    assert findings.leaks == {
        "test": {
            "exact": 1,
            "near": 1,
            "group": 1,
            "examples": [
                ["test.jsonl:1", "train.jsonl:1"],
                ["test.jsonl:2", "train.jsonl:2"],
                ["test.jsonl:3", "train.jsonl:6"],
            ],
        }
    }
    assert any(
        line.startswith("warning: 3 of 4 rows in test are known from an earlier split") for line in findings.lines()
    )


def test_folds_are_grouped_and_stratified(tmp_path):
    _file(tmp_path / "tickets.jsonl", _mails(300, 9), pair_id=lambda i: f"p{i // 2}")
    tickets = load(DataOptions(data=str(tmp_path / "tickets.jsonl")), seed=0, progress=False)
    train = tickets.splits["train"]
    fold, label, group = tickets.folds(5, seed=0), np.array(train["label"]), np.array(train["group"])
    assert sorted(set(fold.tolist())) == [0, 1, 2, 3, 4]
    assert all(len(set(fold[group == one].tolist())) == 1 for one in set(group.tolist()))
    assert [label[fold == k].mean() for k in range(5)] == pytest.approx([label.mean()] * 5, abs=0.05)
    with pytest.raises(DataError, match="too rare to split 200 ways"):
        tickets.folds(200, seed=0)
