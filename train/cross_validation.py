"""Cross-validation of the fine-tuning itself: how much a figure owes to one lucky split."""

from __future__ import annotations

import json
import shutil

import numpy as np
from accelerate import Accelerator
from accelerate.utils import set_seed

from data.tickets import Tickets
from train import calibration, checkpoint, encoder, pooler
from train.evaluation import FIGURES
from train.fit import fit
from train.metrics import Scorer
from train.objective import Objective
from train.options import Options
from train.predict import predict
from train.run_folder import RunFolder, write_json
from train.tokens import Tokens


def cross_validate(
    tickets: Tickets,
    tokens: dict[str, Tokens],
    objective: Objective,
    score,
    options: Options,
    accelerator: Accelerator,
    run: RunFolder,
) -> dict:
    """Fine-tunes once per fold of the training split and measures on the fold left out.

    Folds are stratified and keep groups whole. The best epoch is still picked on the validation split, so the
    fold left out is read once. Returns `{"folds": [{metric: value}, …], metric: {"mean", "std"}}`. A finished
    fold is kept in `folds/`, so that a resumed run does not repeat it.
    """
    count = options.training.folds
    fold_of = tickets.folds(count, options.training.seed)
    results = []
    for fold in range(count):
        folder = run.path / "folds" / str(fold)
        kept = folder.with_suffix(".json")
        if not kept.exists():
            inside, outside = (
                tokens["train"].take(np.flatnonzero(rows)) for rows in (fold_of != fold, fold_of == fold)
            )
            set_seed(options.training.seed)
            classifier = encoder.load_classifier(options.model.model, tickets.labels)
            if not checkpoint.latest(folder):
                pooler.align(classifier, inside, options, accelerator)
            fit(
                classifier,
                inside,
                tokens["validation"],
                objective,
                score,
                options.training,
                accelerator,
                folder,
            )
            logits = predict(classifier, outside, accelerator) - objective.prior_shift().numpy()
            probabilities = calibration.probabilities(logits, tickets.labels.kind)
            accelerator.free_memory()
            if accelerator.is_main_process:
                figures = Scorer(probabilities, outside.labels, tickets.labels.kind)()
                write_json(kept, {name: figures[name] for name in FIGURES})
                shutil.rmtree(folder)
            accelerator.wait_for_everyone()
        results.append(json.loads(kept.read_text()))
        accelerator.print(f"fold {fold + 1} of {count}: macro-F1 {results[-1]['macro_f1']:.4f}")
    summary = {
        name: {
            "mean": float(np.mean([r[name] for r in results])),
            "std": float(np.std([r[name] for r in results], ddof=1)),
        }
        for name in FIGURES
    }
    return {"folds": results, **summary}
