"""The YAML head of a README, as the Hub reads it: what is wrong with it, and what it says of the repository.

A stand-in for the Hub's own schema, strict where a wrong card would be refused on push: it keeps to the
fields that a model, a data set and a Space of this project use.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

_HEAD = re.compile(r"\A---\r?\n(.*?\n)?---\s*(?:\n|\Z)", re.DOTALL)
_COLORS = ("red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray")
# The Hub's own list is longer; a licence that is missing here is one line to add.
_LICENSES = (
    *("apache-2.0", "mit", "openrail", "bsd-2-clause", "bsd-3-clause", "unlicense", "unknown", "other"),
    *("cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "cc-by-nd-4.0", "cc-by-nc-sa-4.0"),
    *("cc-by-3.0", "cc-by-sa-3.0", "gpl-3.0", "agpl-3.0", "lgpl-3.0", "mpl-2.0", "odc-by", "odbl"),
)


def read(readme: str) -> dict[str, Any]:
    """The metadata of a README; empty when it has none or they are broken."""
    metadata, errors, _ = check(readme, "model")
    return {} if errors else metadata


def check(readme: str, kind: str) -> tuple[dict[str, Any], list[str], list[str]]:
    """Returns (metadata, errors, warnings) of a README of a `kind` of repository."""
    head = _HEAD.match(readme)
    if head is None:
        return {}, [], ["empty or missing yaml metadata in repo card"]
    try:
        metadata = yaml.safe_load(head[1] or "") or {}
    except yaml.YAMLError as error:
        return {}, [f"YAML metadata: {error}"], []
    if not isinstance(metadata, dict):
        return {}, ["YAML metadata must be a mapping"], []
    errors = [*_common_errors(metadata), *(_space_errors(metadata) if kind == "space" else [])]
    if kind == "model":
        errors += _model_index_errors(metadata.get("model-index"))
    return metadata, errors, []


def _common_errors(metadata: dict[str, Any]) -> list[str]:
    errors = []
    license_ = metadata.get("license")
    for name in license_ if isinstance(license_, list) else [license_]:
        if name is not None and name not in _LICENSES:
            errors.append(f'"license" must be one of [{", ".join(_LICENSES)}], not {name!r}')
    if license_ == "other" and not metadata.get("license_name"):
        errors.append('"license_name" is required with license "other"')
    for key in ("language", "tags", "datasets", "metrics", "base_model", "task_categories"):
        value = metadata.get(key)
        if value is not None and not _texts(value):
            errors.append(f'"{key}" must be a string or a list of strings')
    for key in ("pipeline_tag", "library_name", "title", "pretty_name"):
        if key in metadata and not isinstance(metadata[key], str):
            errors.append(f'"{key}" must be a string')
    return errors


def _texts(value: object) -> bool:
    return isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value))


def _space_errors(metadata: dict[str, Any]) -> list[str]:
    errors = []
    if metadata.get("sdk") not in ("gradio", "docker", "static"):
        errors.append('"sdk" must be one of [gradio, docker, static]')
    for key in ("colorFrom", "colorTo"):
        if metadata.get(key, "gray") not in _COLORS:
            errors.append(f'"{key}" must be one of [{", ".join(_COLORS)}]')
    if len(metadata.get("short_description", "")) > 60:
        errors.append('"short_description" length must be less than or equal to 60 characters long')
    for key in ("sdk_version", "python_version"):
        if key in metadata and not isinstance(metadata[key], str):
            errors.append(f'"{key}" must be a string: quote it')  # 3.10 would be read as 3.1
    return errors


def _model_index_errors(index: object) -> list[str]:
    """`model-index`: a list of models, each with results of a task on a data set in metrics."""
    if index is None:
        return []
    errors = []
    for model in index if isinstance(index, list) else [index]:
        if not isinstance(model, dict) or not model.get("name") or not isinstance(model.get("results"), list):
            errors.append('"model-index" entries need a name and a list of results')
            continue
        for result in model["results"]:
            task, dataset = result.get("task") or {}, result.get("dataset") or {}
            if not task.get("type"):
                errors.append('"model-index[].results[].task.type" is required')
            if not dataset.get("type") or not dataset.get("name"):
                errors.append('"model-index[].results[].dataset" needs a type and a name')
            for metric in result.get("metrics") or [{}]:
                if not metric.get("type") or "value" not in metric:
                    errors.append('"model-index[].results[].metrics[]" needs a type and a value')
    return errors
