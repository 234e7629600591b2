"""data.labels: whatever the label column holds, classes have names, and the positive one is found."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data import labels
from data.errors import DataError
from data.files import Table
from data.labels import LabelSpace
from data.options import DataOptions
from data.tickets import load


def _space(values: list, classes: list[str] | None = None) -> LabelSpace:
    table = Table("t.csv", {"label": values}, [f"t.csv:{i}" for i in range(2, len(values) + 2)], {})
    names = [name for name in labels.read({"train": table}, "label")["train"] if name is not None]
    return labels.space(names, "label", classes)


@pytest.mark.parametrize(
    ("values", "names", "positive"),
    [
        (["churn", "no_churn"], ("no_churn", "churn"), "churn"),
        (["Churn", "Anything"], ("Anything", "Churn"), "Churn"),
        (["zebra", "churned"], ("zebra", "churned"), "churned"),
        (["yes", "no"], ("no", "yes"), "yes"),
        (["positive", "negative"], ("negative", "positive"), "positive"),
        ([True, False], ("false", "true"), "true"),
        (["True", "False"], ("False", "True"), "True"),
        ([0, 1], ("0", "1"), "1"),
        (["1", "2"], ("2", "1"), "1"),
        (["ham", "spam"], ("ham", "spam"), "spam"),
        ([0.0, 1.0, None], ("0", "1"), "1"),  # whole numbers, as pandas writes them beside a gap
        (["0.0", "1.0", ""], ("0", "1"), "1"),
        ([Decimal("0"), Decimal("1.00")], ("0", "1"), "1"),
        ([" churn ", "stay", "churn"], ("stay", "churn"), "churn"),
    ],
)
def test_two_classes_come_negative_first(values, names, positive):
    assert _space(values) == LabelSpace(names, "binary", positive)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        (["b", "a", "C"], ("a", "b", "C")),
        ([10, 9, -1], ("-1", "9", "10")),
        (["10", "9", "1"], ("1", "9", "10")),
        (["1", "2", "many"], ("1", "2", "many")),
    ],
)
def test_many_classes_come_by_size_or_alphabet(values, names):
    assert _space(values) == LabelSpace(names, "multiclass")


def test_class_label_keeps_its_order_and_loses_names_that_never_occur():
    assert _space(["low", "high", "mid"], ["none", "low", "mid", "high"]).names == ("low", "mid", "high")


@pytest.mark.parametrize(
    "values",
    [
        [["price", "support"], [], ["price"]],
        ['["price", "support"]', "[]", ' ["price"]'],  # cells of a CSV
    ],
)
def test_lists_are_multi_label_and_an_empty_list_is_a_label(values):
    space = _space(values)
    assert space == LabelSpace(("price", "support"), "multilabel")
    assert space.encode(frozenset({"support"})) == [0, 1]
    assert space.encode(frozenset()) == [0, 0]
    assert space.decode([1, 1]) == ["price", "support"]


def test_one_cell_that_is_no_list_leaves_all_cells_words():
    assert _space(['["a"]', "[b]", "c"]).kind == "multiclass"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (["a", "a"], 'holds only the label "a": there must be at least two classes'),
        ([["a"], []], 'holds lists with only the label "a"'),
        ([[], []], "holds lists with no label at all"),
        ([0.5, 1], 't.csv:2: the column "label" holds the fraction "0.5"'),
        (["1", "2.5"], 't.csv:3: the column "label" holds the fraction "2.5"'),
        ([float("inf"), 1], 'holds the fraction "inf"'),
        ([1, "a"], "holds a number in t.csv:2 and a text in t.csv:3: write all labels the same way"),
        ([True, 1], "holds true or false in t.csv:2 and a number in t.csv:3"),
        ([["a"], "b"], "holds a list in t.csv:2 and a text in t.csv:3"),
        ([{"a": 1}, {"a": 2}], 't.csv:2: the column "label" holds an object: a label is a word'),
        (
            [["a"], [["b"]]],
            't.csv:3: the list in "label" holds a list: a list of labels must hold words only',
        ),
        ([["a"], [None]], 't.csv:3: the list in "label" holds nothing'),
        ([["a"], [" "]], 't.csv:3: the list in "label" holds an empty word'),
        (["a", "b\x07"], 't.csv:3: the label "b·" holds a control character: remove it'),
        (["Churn", "churn", "x"], 'holds "Churn" and "churn": names that differ in case only'),
        (
            [str(i) + "x" for i in range(40)],
            "holds 40 different labels in 40 rows: that is no set of classes",
        ),
    ],
)
def test_what_is_no_label_is_told_with_its_row(values, sentence):
    with pytest.raises(DataError) as error:
        _space(values)
    assert sentence in str(error.value)


@given(st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=4).filter(lambda found: len(set(found)) > 1))
def test_encode_and_decode_are_inverse(values):
    space = _space(values)
    assert [space.decode(space.encode(value)) for value in values] == values
    with pytest.raises(KeyError):
        space.encode("elsewhere")


@pytest.mark.parametrize(
    ("values", "kind", "first"),
    [
        (["stay", "churn"], "binary", 0),
        ([0, 1, 2], "multiclass", 0),
        ([["price"], ["price", "support"], []], "multilabel", [1, 0]),
    ],
)
def test_labels_reach_the_datasets_as_numbers(tmp_path, values, kind, first):
    """Binary, multi-class and multi-label go through the same code, to the end."""
    rows = [{"text": f"message {i} of its own kind {i}", "label": values[i % len(values)]} for i in range(60)]
    path = tmp_path / "tickets.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)), "utf-8")
    tickets = load(DataOptions(data=str(path)), seed=0, progress=False)
    found = {row["row"]: row["label"] for part in tickets.splits.values() for row in part}
    assert tickets.labels.kind == kind
    assert found["tickets.jsonl:1"] == first
    assert not any(name.startswith("LABEL_") for name in tickets.labels.names)
