"""One run, from tickets to a model: `accelerate launch -m train --help` tells the options."""

from __future__ import annotations

import os
import sys

from data.errors import DataError
from train.command_line import parse
from train.errors import OptionError
from train.launcher import start_missing_processes
from train.options import Options


def main(options: Options) -> None:
    """Loads, fits, calibrates, evaluates, reports, pushes."""
    # Imported here, so that --help and a misspelt option answer before torch is loaded.
    from accelerate.utils import gather_object, set_seed
    from transformers.utils import logging

    from data.tickets import load
    from train import calibration, checkpoint, encoder, hub, pooler, report, tracking
    from train.cross_validation import cross_validate
    from train.fit import fit
    from train.objective import make_objective
    from train.printer import Printer
    from train.push import push
    from train.run_folder import write_json
    from train.selection import Selection
    from train.start import start
    from train.tokens import tokenise

    logging.set_verbosity_error()  # transformers' notices about the head that it is about to draw
    logging.disable_progress_bar()
    started = start(options)
    run, accelerator, target = started.run, started.accelerator, options.hub
    say = Printer(accelerator.is_main_process)

    tickets = load(options.data, options.training.seed, progress=accelerator.is_main_process)
    labels = tickets.labels
    if len(set(gather_object([tickets.sha256]))) > 1:
        raise DataError(f"{tickets.source} gave the processes different rows: add ORDER BY, or name a revision")
    say.tickets(tickets)
    tokenizer = encoder.load_tokenizer(options.model.model, options.model.max_length)
    tokens = {name: tokenise(split, tokenizer) for name, split in tickets.splits.items()}
    say.truncated(tokens, options.model.max_length)
    smoothing = options.training.label_smoothing
    objective = make_objective(options.training.class_weights, labels, tokens["train"].labels, smoothing)
    set_seed(options.training.seed)  # before the head is drawn
    classifier = encoder.load_classifier(options.model.model, labels)

    source = {"source": tickets.source, "sha256": tickets.sha256, "processes": accelerator.num_processes}
    if options.run.resume:
        run.check_source(source)
    if accelerator.is_main_process:
        if target.push_to_hub:
            hub.preflight(target.push_to_hub, target.hub_public, "--hub-public", target.hub_revision, target.hub_tag)
        if not options.run.resume:
            run.create({**options.flat(), "precision": started.precision}, source, classifier.get_memory_footprint())
    accelerator.wait_for_everyone()
    tracking.start(accelerator, options, encoder.base_model(options.model.model), source, run.path.name)

    score = Selection(options.training.metric, objective, tokens["validation"].labels)
    folds = None
    if options.training.folds:
        folds = cross_validate(tickets, tokens, objective, score, options, accelerator, run)
    set_seed(options.training.seed, device_specific=True)  # each process drops out other units
    if not checkpoint.latest(run.checkpoints):
        pooler.align(classifier, tokens["train"], options, accelerator)
    progress = fit(
        classifier,
        tokens["train"],
        tokens["validation"],
        objective,
        score,
        options.training,
        accelerator,
        run.checkpoints,
        options.run.checkpoint_steps,
    )
    say.best_epoch(progress, options.training)

    outcome = calibration.calibrate(classifier, tokens, objective, labels.kind, progress, accelerator)
    if accelerator.is_main_process:
        say.line("evaluating, with 1,000 bootstrap resamples")
        record, bag = report.evaluate(tickets, tokens, outcome, options)
        record |= {
            "folds": folds,
            "throughput": report.throughput(progress, started.threads, started.precision, accelerator),
        }
        report.save_model(run.model, classifier, tokenizer, record)
        report.save_report(run.report, record, tickets, outcome, bag, options)
        write_json(run.metrics, record)
        tracking.finish(accelerator, record)
        say.results(record, run)
        if target.push_to_hub:
            push(run.path, target.push_to_hub, target.hub_public, target.hub_revision, target.hub_tag)
    accelerator.wait_for_everyone()
    tracking.close(accelerator)


def run() -> None:
    """The command line: problems that a person can mend end in one sentence and exit code 2."""
    try:
        options = parse()
        start_missing_processes()
        main(options)
    except (OptionError, DataError) as error:
        if os.environ.get("RANK", "0") == "0":  # once, not once a process
            print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        print("interrupted; continue with --resume and the run's folder", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    run()
