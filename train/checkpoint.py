"""Checkpoints that a killed run continues from, bit for bit: weights, optimiser, random state, progress.

Layout, below `runs/<name>/checkpoints/`:
    step-<n>/   model.safetensors, optimizer.safetensors, random-<process>.safetensors, progress.json
    best-<n>/   model.safetensors: the weights of the best epoch so far
A folder is written under another name and renamed when it is whole, so one that stands there can be trusted.
Tensors and JSON only: nothing is unpickled when a run is resumed.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from accelerate import Accelerator
from safetensors.torch import load_file, save_file


@dataclass
class Progress:
    """How far a run has come.

    epoch, step_in_epoch: where training continues; step: optimiser steps made in all.
    loss_sum: sum of the step losses of the epoch that is under way.
    best_epoch: the epoch whose validation metric was the best (0-based, -1 before the first).
    """

    epoch: int = 0
    step_in_epoch: int = 0
    step: int = 0
    loss_sum: float = 0.0
    best_epoch: int = -1
    best_value: float = 0.0
    best_step: int = 0
    tokens: int = 0
    tickets: int = 0
    seconds: float = 0.0
    history: list[dict] = field(default_factory=list)


def save(folder: Path, progress: Progress, model, optimizer, accelerator: Accelerator, best: bool) -> None:
    """Writes the checkpoint of this step (with `best`, also its weights as the best ones), then drops older ones."""
    aside = folder / f"step-{progress.step}.part"
    if accelerator.is_main_process:
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(parents=True)
    accelerator.wait_for_everyone()
    save_file(_random_state(), aside / f"random-{accelerator.process_index}.safetensors")
    if accelerator.is_main_process:
        weights = {n: t.contiguous() for n, t in accelerator.unwrap_model(model).state_dict().items()}
        if best:
            # Before the progress that names it, so that no crash can leave a name without its weights.
            best_aside = folder / f"best-{progress.step}.part"
            best_aside.mkdir(exist_ok=True)
            save_file(weights, best_aside / "model.safetensors")
            _seal(best_aside)
        save_file(weights, aside / "model.safetensors")
        tensors, numbers = _optimizer_state(optimizer, accelerator)
        save_file(tensors, aside / "optimizer.safetensors")
        (aside / "progress.json").write_text(json.dumps({**asdict(progress), "optimizer": numbers}))
    accelerator.wait_for_everyone()
    if accelerator.is_main_process:
        _seal(aside)
        for other in folder.iterdir():
            ours = other.name.startswith(("step-", "best-"))
            if ours and other.name not in (f"step-{progress.step}", f"best-{progress.best_step}"):
                shutil.rmtree(other, ignore_errors=True)
    accelerator.wait_for_everyone()


def latest(folder: Path) -> Path | None:
    """The newest whole checkpoint below `runs/<name>/checkpoints`, or None."""
    whole = [p for p in folder.glob("step-*") if not p.name.endswith(".part")]
    return max(whole, key=lambda p: int(p.name.removeprefix("step-")), default=None)


def load(checkpoint: Path, model, optimizer, accelerator: Accelerator) -> Progress:
    """Puts model, optimiser and this process's random state back as they were; returns the progress."""
    progress = json.loads((checkpoint / "progress.json").read_text())
    numbers = progress.pop("optimizer")
    accelerator.unwrap_model(model).load_state_dict(load_file(checkpoint / "model.safetensors"))
    _load_optimizer_state(optimizer, load_file(checkpoint / "optimizer.safetensors"), numbers, accelerator)
    _load_random_state(load_file(checkpoint / f"random-{accelerator.process_index}.safetensors"))
    return Progress(**progress)


def load_best(folder: Path, progress: Progress, model) -> None:
    """Puts the weights of the best epoch into `model`."""
    model.load_state_dict(load_file(folder / f"best-{progress.best_step}" / "model.safetensors"))


def _seal(aside: Path) -> None:
    for path in [*aside.iterdir(), aside]:
        handle = os.open(path, os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
    final = aside.with_suffix("")
    shutil.rmtree(final, ignore_errors=True)
    aside.rename(final)


def _random_state() -> dict[str, torch.Tensor]:
    state = {"cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        state["cuda"] = torch.cuda.get_rng_state()
    return state


def _load_random_state(state: dict[str, torch.Tensor]) -> None:
    torch.set_rng_state(state["cpu"])
    if "cuda" in state and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])


def _optimizer_state(optimizer, accelerator: Accelerator) -> tuple[dict[str, torch.Tensor], dict]:
    tensors = {
        f"{index}.{name}": value.contiguous()
        for index, entries in optimizer.state_dict()["state"].items()
        for name, value in entries.items()
    }
    scaler = accelerator.scaler.state_dict() if accelerator.scaler is not None else None
    return tensors, {"scaler": scaler}


def _load_optimizer_state(optimizer, tensors: dict[str, torch.Tensor], numbers: dict, accelerator: Accelerator) -> None:
    state: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        index, name = key.split(".", 1)
        state.setdefault(int(index), {})[name] = value
    optimizer.load_state_dict({"state": state, "param_groups": optimizer.state_dict()["param_groups"]})
    if numbers["scaler"] and accelerator.scaler is not None:
        accelerator.scaler.load_state_dict(numbers["scaler"])
