"""Options: the command line and YAML recipes fill the same dataclasses, and mistakes are answered in one sentence."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.tiny import ROOT, train
from train.command_line import build, parse
from train.errors import OptionError


def test_defaults_are_the_main_job():
    options = parse([])
    assert options.data.data == ""
    assert options.model.model == "all-MiniLM-L6-v2"
    assert options.hub.push_to_hub is None
    assert options.hub.hub_public is False


def test_command_line_wins_over_recipe(tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("epochs: 7\nlearning_rate: 1e-4\nlabel-column: category\n")
    options = parse(["--config", str(recipe), "--epochs", "2"])
    assert options.training.epochs == 2
    assert options.training.learning_rate == 1e-4  # YAML itself reads 1e-4 as text
    assert options.data.label_column == "category"


@pytest.mark.parametrize("recipe", sorted((ROOT / "train" / "recipes").glob("*.yaml")), ids=lambda p: p.stem)
def test_shipped_recipes_are_valid(recipe):
    parse(["--config", str(recipe)])


def test_flat_options_build_the_same_options():
    """`options.json` of an interrupted run must give back exactly what it was started with."""
    options = parse(["--epochs", "2", "--class-weights", "balanced", "--push-to-hub", "a/b", "--hub-tag", "v1"])
    assert build(options.flat()) == options


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--epoch", "3"], "unknown option --epoch; did you mean --epochs?"),
        (["--metric", "f1"], "--metric is 'f1', but must be one of accuracy, macro_f1"),
        (["--epochs", "0"], "--epochs is 0, but must be at least 1"),
        (["--epochs", "two"], "--epochs is 'two', but must be a whole number"),
        (["--epochs", "2.5"], "--epochs is '2.5', but must be a whole number"),
        (["--learning-rate", "fast"], "--learning-rate is 'fast', but must be a number"),
        (["--learning-rate", "nan"], "--learning-rate is nan, but must be at least 0.0"),
        (["--warmup-ratio", "1.5"], "--warmup-ratio is 1.5, but must be at most 1.0"),
        (["--seed", "-1"], "--seed is -1, but must be at least 0"),
        (["--tracker", "trackoi"], "did you mean trackio?"),
        (["--config", "nowhere.yaml"], "--config: nowhere.yaml cannot be read"),
        (["--resume", "runs/x", "--epochs", "3"], "leave out --epochs"),
        (["tickets.csv"], "unknown option tickets.csv"),
        (["--folds", "1"], "--folds is 1"),
        (["--learning-rate", "inf"], "--learning-rate is inf, but must be a number"),
        (["--seed", "5000000000"], "--seed is 5000000000, but must be at most 4294967295"),
        (["--cost-miss", "0", "--cost-false-alarm", "0"], "are both 0"),
        (["--hub-tag", "v1"], "need --push-to-hub"),
    ],
)
def test_wrong_options_are_one_sentence(arguments, sentence, capsys):
    with pytest.raises((OptionError, SystemExit)) as caught:
        parse(arguments)
    said = str(caught.value) if isinstance(caught.value, OptionError) else capsys.readouterr().err
    assert sentence in said
    if isinstance(caught.value, SystemExit):
        assert caught.value.code == 2


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("epohcs: 3\n", "unknown option 'epohcs'; did you mean epochs?"),
        ("epochs: ten\n", "--epochs is 'ten', but must be a whole number"),
        ("epochs: true\n", "--epochs is True, but must be a whole number"),
        ("hub_public: 1\n", "--hub-public is 1, but must be true or false"),
        ("- epochs\n", "holds no options"),
        ("epochs:\n", "--epochs has no value"),
        ("resume: runs/x\n", "resume is for the command line"),
        ("epochs: [1\n", "is not valid YAML"),
        ("", "holds no options"),
    ],
)
def test_wrong_recipes_name_the_file(text, sentence, tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text(text)
    with pytest.raises(OptionError) as caught:
        parse(["--config", str(recipe)])
    assert sentence in str(caught.value)
    assert "recipe.yaml" in str(caught.value)


def test_help_loads_nothing_heavy():
    """`--help` answers at once because neither torch nor pandas is imported before the options are read."""
    code = (
        "import sys, train.__main__, train.command_line\n"
        "print([m for m in ('torch', 'pandas', 'datasets') if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "[]"


def test_help_shows_every_option_with_its_default():
    done = train("--help")
    text = " ".join(done.stdout.split())
    for name, value in parse([]).flat().items():
        assert "--" + name.replace("_", "-") in text
        if isinstance(value, int | float) and not isinstance(value, bool):
            assert f"(default: {value})" in text


def test_a_mistake_ends_in_exit_code_2_without_a_traceback():
    done = train("--metric", "f1")
    assert done.returncode == 2
    assert done.stderr.startswith("error: --metric")
    assert "Traceback" not in done.stderr
    assert done.stderr.count("\n") == 1
