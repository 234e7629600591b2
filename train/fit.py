"""The fine-tuning loop."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import torch
from accelerate import Accelerator
from transformers import PreTrainedModel

from train import batches, checkpoint
from train.checkpoint import Progress
from train.encoder import head_of
from train.objective import Objective
from train.options import TrainingOptions
from train.predict import predict
from train.progress_bar import progress_bar
from train.tokens import Tokens

CLIP_NORM = 1.0


def fit(
    classifier: PreTrainedModel,
    train: Tokens,
    validation: Tokens,
    objective: Objective,
    score: Callable[[np.ndarray], float],
    options: TrainingOptions,
    accelerator: Accelerator,
    folder: Path,
    checkpoint_steps: int = 0,
) -> Progress:
    """Fine-tunes `classifier` in place and leaves it with the weights of its best epoch.

    score: from validation logits (n, classes) to the metric that picks the best epoch.
    folder: `runs/<name>/checkpoints`; training continues from the newest checkpoint found there.
    """
    window = options.batch_size * options.gradient_accumulation_steps * accelerator.num_processes
    steps_an_epoch = -(-len(train) // window)
    total_steps = steps_an_epoch * options.epochs
    optimizer = make_optimizer(classifier, options)
    model, optimizer = accelerator.prepare(classifier, optimizer)
    # Accelerate wraps the model's own forward in autocast; `optimise` opens it where it is wanted, and `predict`
    # must see the weights as they will be saved.
    accelerator.unwrap_model(model, keep_fp32_wrapper=False)
    newest = checkpoint.latest(folder)
    progress = checkpoint.load(newest, model, optimizer, accelerator) if newest else Progress()
    bar = progress_bar("fine-tuning", total_steps, progress.step, accelerator.is_main_process)
    model.train()
    for epoch in range(progress.epoch, options.epochs):
        if _exhausted(progress, options):
            break
        loss_sum = torch.zeros((), device=accelerator.device)
        if accelerator.is_main_process:
            loss_sum += progress.loss_sum
        start = time.perf_counter()
        steps = batches.windows(train.lengths, window, options.seed, epoch)
        for step_in_epoch, tickets in enumerate(steps):
            if step_in_epoch < progress.step_in_epoch:
                continue
            set_learning_rate(optimizer, progress.step, total_steps, options.warmup_ratio)
            loss_sum += optimise(model, optimizer, tickets, train, objective, options.batch_size, accelerator)
            progress.step += 1
            progress.tokens += int(train.lengths[tickets].sum())
            progress.tickets += len(tickets)
            bar.update()
            if checkpoint_steps and progress.step % checkpoint_steps == 0 and step_in_epoch + 1 < len(steps):
                progress.epoch, progress.step_in_epoch = epoch, step_in_epoch + 1
                progress.loss_sum = accelerator.reduce(loss_sum, "sum").item()
                progress.seconds, start = progress.seconds + time.perf_counter() - start, time.perf_counter()
                checkpoint.save(folder, progress, model, optimizer, accelerator, best=False)
        loss = accelerator.reduce(loss_sum, "sum").item() / len(steps)
        progress.seconds += time.perf_counter() - start
        value = score(predict(classifier, validation, accelerator))
        sign = -1 if options.metric == "loss" else 1
        worst = progress.best_epoch < 0 or math.isnan(progress.best_value)
        better = worst or sign * value > sign * progress.best_value
        if better:
            progress.best_epoch, progress.best_value, progress.best_step = epoch, value, progress.step
        progress.history.append({"epoch": epoch + 1, "step": progress.step, "loss": loss, options.metric: value})
        bar.set_postfix({"epoch": epoch + 1, "loss": f"{loss:.3f}", options.metric: f"{value:.4f}"})
        accelerator.log({"train/loss": loss, f"validation/{options.metric}": value}, step=progress.step)
        progress.epoch, progress.step_in_epoch, progress.loss_sum = epoch + 1, 0, 0.0
        checkpoint.save(folder, progress, model, optimizer, accelerator, best=better)
    bar.close()
    checkpoint.load_best(folder, progress, classifier)
    classifier.eval()
    return progress


def optimise(
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    tickets: np.ndarray,
    train: Tokens,
    objective: Objective,
    batch_size: int,
    accelerator: Accelerator,
) -> torch.Tensor:
    """One optimiser step on a window of tickets; returns this process's part of its mean loss, on the device.

    The loss is divided by the weight of the whole window, on all processes, before any gradient is made: so
    8 × 1, 2 × 4 and two processes give the same step, and so does a last window that is not full.
    """
    weight = objective.weight(train.labels[tickets])
    shares = batches.micro_batches(tickets, batch_size, accelerator.process_index, accelerator.num_processes)
    window_loss = torch.zeros((), device=accelerator.device)
    for i, rows in enumerate(shares):
        empty = len(rows) == 0
        inputs = train.batch(tickets[:1] if empty else rows)
        inputs = {name: t.to(accelerator.device, non_blocking=True) for name, t in inputs.items()}
        labels = torch.from_numpy(train.labels[tickets[:1] if empty else rows]).to(accelerator.device)
        last = i + 1 == len(shares)
        with nullcontext() if last else accelerator.no_sync(model):
            with accelerator.autocast():
                logits = model(**inputs).logits
            loss = objective.total(logits.float(), labels) / weight * (0.0 if empty else 1.0)
            window_loss += loss.detach()
            accelerator.backward(loss * accelerator.num_processes)  # data parallelism averages over processes
    accelerator.clip_grad_norm_(model.parameters(), CLIP_NORM)
    optimizer.step()
    optimizer.zero_grad()
    return window_loss


def make_optimizer(classifier: PreTrainedModel, options: TrainingOptions) -> torch.optim.AdamW:
    """AdamW whose groups carry `peak`, their learning rate at the end of the warm-up.

    The new head learns fastest; below it each layer's rate shrinks by `layer_decay` (Howard & Ruder 2018).
    Biases and normalisation weights are not decayed.
    """
    head = {id(p) for p in head_of(classifier).parameters()}
    depth = classifier.config.num_hidden_layers
    groups: dict[tuple[float, float], list[torch.nn.Parameter]] = {}
    for name, parameter in classifier.named_parameters():
        if id(parameter) in head:
            peak = options.head_learning_rate
        else:
            peak = options.learning_rate * options.layer_decay ** (depth - _layer_of(name, depth))
        decay = options.weight_decay if parameter.ndim > 1 else 0.0
        groups.setdefault((peak, decay), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": p, "peak": peak, "lr": 0.0, "weight_decay": decay} for (peak, decay), p in groups.items()],
        fused=True,
    )


def set_learning_rate(optimizer: torch.optim.Optimizer, step: int, total: int, warmup_ratio: float) -> None:
    """Linear warm-up, then linear to zero: a function of the step alone, so there is no state to save."""
    warm = warmup_ratio * total
    factor = (step + 1) / warm if step + 1 < warm else (total - step) / max(total - warm, 1)
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * min(factor, 1.0)


def _layer_of(name: str, depth: int) -> int:
    """0 for embeddings, 1 … depth for the encoder's layers, depth for what stands on top."""
    if "embeddings" in name:
        return 0
    for before, part in zip(name.split("."), name.split(".")[1:], strict=False):
        if before in ("layer", "layers", "h") and part.isdigit():
            return int(part) + 1
    return depth


def _exhausted(progress: Progress, options: TrainingOptions) -> bool:
    """Whether `patience` epochs have passed without a better one."""
    return bool(options.patience and progress.history and progress.epoch - 1 - progress.best_epoch >= options.patience)
