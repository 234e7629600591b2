"""From a command line and a YAML recipe to `Options`; the command line wins over the recipe."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import json
import math
import sys
import types
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

from train.errors import OptionError
from train.options import HubOptions, Options, RunOptions
from train.run_folder import find_run

DESCRIPTION = """\
Fine-tune BERT on support tickets so that it finds the ones that carry a churn signal.

With no options it fine-tunes the packaged MiniLM on the tickets in data/, calibrates it, evaluates it against
two baselines and leaves everything in runs/<date and time>/. It needs no account and no network."""

EPILOG = """\
examples:
  accelerate launch -m train
  accelerate launch -m train --data tickets.csv --text-column body --label-column churned --group-column customer
  accelerate launch -m train --config train/recipes/banking77.yaml --data banking77/
  accelerate launch --config_file train/launch/gpus.yaml -m train --config train/recipes/bert-base.yaml \\
      --push-to-hub my-org/churn-bert
  accelerate launch -m train --resume

exit codes: 0 done; 2 an option, the data or the Hub account cannot be used (one sentence says why)"""


class _Parser(argparse.ArgumentParser):
    """argparse, except that a misspelt option is answered with the likely one."""

    def error(self, message: str) -> NoReturn:
        prefix = "unrecognized arguments: "
        if message.startswith(prefix):
            unknown = message.removeprefix(prefix).split()[0]
            known = [text for action in self._actions for text in action.option_strings]
            flag = unknown.split("=")[0]
            message = f"unknown option {flag}{_did_you_mean(flag, known)}"
        print(f"error: {message}", file=sys.stderr)
        sys.exit(2)


def parse(arguments: Sequence[str] | None = None) -> Options:
    """Options from a command line (default: this process's own) and the recipe that `--config` names.

    Raises:
        OptionError: an unknown key, a value of the wrong type or out of its limits.
        SystemExit: `--help`, or a flag that argparse refuses (exit code 2).
    """
    given = vars(_parser().parse_args(arguments))
    if "resume" in given:
        return _resumed(given)
    recipe = given.pop("config", None)
    values = _read_recipe(Path(recipe)) if recipe else {}
    return _agreeing(build({**values, **given}))


def build(values: dict[str, Any], origin: str = "") -> Options:
    """Options from flat values by flag name (a recipe, `options.json`, a command line); checks types and limits."""
    options = Options()
    fields = {f.name: (group, f, kind) for group, f, kind in _fields(options)}
    for name, value in values.items():
        if name not in fields:
            near = _did_you_mean(name, list(fields))
            raise OptionError(f"{origin}unknown option '{name}'{near}")
        group, f, kind = fields[name]
        setattr(group, name, _checked(f"{origin}{_flag(name)}", value, kind, f.metadata, f.default is None))
    return options


def _agreeing(options: Options) -> Options:
    """The same options, or an OptionError for what is allowed alone but not together."""
    if options.training.folds == 1:
        raise OptionError("--folds is 1, but must be 0 or at least 2")
    decision, hub = options.decision, options.hub
    if decision.cost_miss == decision.cost_false_alarm == 0:
        raise OptionError("--cost-miss and --cost-false-alarm are both 0, so no decision could be wrong")
    if not hub.push_to_hub and (hub.hub_public or hub.hub_revision or hub.hub_tag):
        raise OptionError("--hub-public, --hub-revision and --hub-tag need --push-to-hub org/name")
    return options


def _resumed(given: dict[str, Any]) -> Options:
    """The options that the interrupted run was started with; only where to push may be said anew."""
    resume, output_dir = given.pop("resume"), given.pop("output_dir", RunOptions.output_dir)
    allowed = [f.name for f in dataclasses.fields(HubOptions)]
    if others := [name for name in given if name not in allowed]:
        raise OptionError(f"--resume continues with the run's own options; leave out {_flag(others[0])}")
    run = find_run(resume, output_dir)
    values = json.loads(run.options.read_text(encoding="utf-8"))
    return _agreeing(build({**values, **given, "resume": str(run.path)}, origin=f"{run.options}: "))


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="accelerate launch -m train",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--config",
        metavar="RECIPE",
        default=argparse.SUPPRESS,
        help="YAML recipe with any of the options below",
    )
    sections: dict[int, Any] = {}
    options = Options()
    for group_field in dataclasses.fields(options):
        group = getattr(options, group_field.name)
        sections[id(group)] = parser.add_argument_group(group_field.metadata["title"])
    for group, f, kind in _fields(options):
        how: dict[str, Any] = {"default": argparse.SUPPRESS, "help": _help(f)}
        if kind is bool:
            how["action"] = "store_true"
        elif "choices" in f.metadata:
            how["metavar"] = "{" + ",".join(f.metadata["choices"]) + "}"
        else:
            how["metavar"] = {int: "N", float: "X"}.get(kind, "TEXT")
        if "bare" in f.metadata:
            how |= {"nargs": "?", "const": f.metadata["bare"]}
        sections[id(group)].add_argument(_flag(f.name), **how)
    return parser


def _fields(options: Options) -> Iterator[tuple[Any, dataclasses.Field, type]]:
    """(group, field, plain type) of every option; `str | None` counts as `str`."""
    for group_field in dataclasses.fields(options):
        group = getattr(options, group_field.name)
        hints = typing.get_type_hints(type(group))
        for f in dataclasses.fields(group):
            kind = hints[f.name]
            if isinstance(kind, types.UnionType):
                kind = next(k for k in typing.get_args(kind) if k is not type(None))
            yield group, f, kind


def _read_recipe(path: Path) -> dict[str, Any]:
    import yaml  # only here: most runs have no recipe

    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OptionError(f"--config: {path} cannot be read ({error.strerror})") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        place = getattr(error, "problem_mark", None)
        where = f", line {place.line + 1}" if place else ""
        raise OptionError(f"--config: {path}{where} is not valid YAML; a recipe is lines of 'option: value'") from None
    if not isinstance(values, dict) or not values:
        raise OptionError(f"--config: {path} holds no options; a recipe is lines of 'option: value'")
    values = {str(name).replace("-", "_"): value for name, value in values.items()}
    if "resume" in values:
        raise OptionError(f"--config: {path}: resume is for the command line; a recipe is for a new run")
    build(values, origin=f"{path}: ")
    return values


def _checked(name: str, value: Any, kind: type, limits: Any, nullable: bool) -> Any:
    """`value` as `kind`, or an OptionError that says what is allowed."""
    if value is None:
        if nullable:
            return None
        raise OptionError(f"{name} has no value; write one, or leave the line out")
    try:
        if kind is bool:
            if not isinstance(value, bool):
                raise ValueError
        elif kind is int:
            if isinstance(value, bool) or float(value) != int(float(value)):
                raise ValueError
            value = int(value)
        elif kind is float:
            if isinstance(value, bool):
                raise ValueError
            value = float(value)  # YAML reads 1e-3 as text
            if math.isinf(value):
                raise ValueError
        else:
            value = str(value)
    except (TypeError, ValueError, OverflowError):
        wanted = {bool: "true or false", int: "a whole number", float: "a number"}[kind]
        raise OptionError(f"{name} is {value!r}, but must be {wanted}") from None
    if "choices" in limits and value not in limits["choices"]:
        near = _did_you_mean(value, limits["choices"])
        raise OptionError(f"{name} is {value!r}, but must be one of {', '.join(limits['choices'])}{near}")
    if "minimum" in limits and not value >= limits["minimum"]:
        raise OptionError(f"{name} is {value}, but must be at least {limits['minimum']}")
    if "maximum" in limits and not value <= limits["maximum"]:
        raise OptionError(f"{name} is {value}, but must be at most {limits['maximum']}")
    return value


def _did_you_mean(word: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(str(word), known, n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _help(f: dataclasses.Field) -> str:
    text = f.metadata["help"].replace("%", "%%")
    silent = f.default is None or f.default is False or f.default == ""
    return text if silent else f"{text} (default: {f.default})"
