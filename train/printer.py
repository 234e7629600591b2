"""What a run says in the terminal: what it found in the data, which epoch won, how good the model is."""

from __future__ import annotations

from data.tickets import Tickets
from train.checkpoint import Progress
from train.options import TrainingOptions
from train.run_folder import RunFolder
from train.tokens import Tokens
from train.tracking import how_to_look

COLUMNS = (("accuracy", "accuracy"), ("macro-F1", "macro_f1"), ("ROC-AUC", "roc_auc"), ("PR-AUC", "pr_auc"))


class Printer:
    """Prints on the main process, and is silent on the others."""

    def __init__(self, on: bool) -> None:
        self.on = on

    def line(self, text: str = "") -> None:
        """One line."""
        if self.on:
            print(text, flush=True)

    def tickets(self, tickets: Tickets) -> None:
        """Where the tickets came from, how many there are of each label, and what is wrong with them."""
        self.line(f"tickets: {tickets.source} (sha256 {tickets.sha256[:12]})")
        for name, split in tickets.findings.splits.items():
            counts = sorted(split["labels"].items(), key=lambda item: -item[1])
            shown = ", ".join(f"{n:,} {label}" for label, n in counts[:4])
            more = f" and {len(counts) - 4} more labels" if len(counts) > 4 else ""
            self.line(f"  {name:<11}{split['rows']:>7,}  ({shown}{more})")
        for finding in tickets.findings.lines():
            self.line(f"  {finding}")

    def truncated(self, tokens: dict[str, Tokens], limit: int) -> None:
        """How many tickets the length limit cuts."""
        cut, total = sum(t.truncated for t in tokens.values()), sum(len(t) for t in tokens.values())
        if cut:
            self.line(f"  {cut:,} of {total:,} tickets are longer than {limit} tokens and are truncated (--max-length)")

    def best_epoch(self, progress: Progress, options: TrainingOptions) -> None:
        """Which epoch won, and why training ended."""
        made = len(progress.history)
        why = f"no better one in {options.patience} epochs" if made < options.epochs else "all epochs were made"
        self.line(
            f"kept epoch {progress.best_epoch + 1} of {made}: best validation {options.metric} "
            f"{progress.best_value:.4f} ({why})"
        )

    def results(self, record: dict, run: RunFolder) -> None:
        """The model beside its baselines, with 95 % intervals, and where everything is."""
        rows = (
            ("majority class", record["baselines"]["majority"]),
            ("TF-IDF + logistic regression", record["baselines"]["tfidf_logistic"]),
            ("this model", record["test"]),
        )
        tickets = record["data"]["splits"]["test"]["rows"]
        self.line()
        self.line(f"{f'test split, {tickets:,} tickets':<30}" + "".join(f"{title:<22}" for title, _ in COLUMNS))
        for name, figures in rows:
            self.line(f"{name:<30}" + "".join(f"{_shown(figures[key]):<22}" for _, key in COLUMNS))
        ahead = record["advantage"]["tfidf_logistic"]["macro_f1"]
        self.line(f"better than TF-IDF by {_shown(ahead)} macro-F1, in {ahead['ahead']:.1%} of resamples")
        model, bag = (record["pairs"][who].get("all") for who in ("model", "tfidf_logistic"))
        if model:
            both = model["consistency"]
            self.line(
                f"minimal pairs: ROC-AUC {_shown(model['roc_auc'])}, TF-IDF {_shown(bag['roc_auc'])}; "
                f"both twins right in {both['value']:.1%} of {both['pairs']} pairs"
            )
        scaled = record["calibration"]
        before, after = (scaled["test"][when]["ece"]["value"] for when in ("before", "after"))
        self.line(
            f"calibration: temperature {scaled['temperature']:.3f}, ECE on test {before:.3f} before, {after:.3f} after"
        )
        if "threshold" in record:
            chosen = record["threshold"]
            at = chosen["test"]
            self.line(
                f"threshold {chosen['value']:.3f} (a miss costs {chosen['cost_miss']:g}, a false alarm "
                f"{chosen['cost_false_alarm']:g}): recall {_shown(at['recall'])}, precision {_shown(at['precision'])}"
            )
        self.line()
        self.line(f"model       {run.model}/")
        self.line(f"model card  {run.model / 'README.md'}")
        self.line(f"figures     {run.metrics}")
        self.line(f"report      {run.report}/ (plots, predictions.parquet, mistakes.html)")
        look = how_to_look(record["options"]["tracker"], str(run.path.parent))
        if look:
            self.line(f"tracking    {look}")


def _shown(figure: dict[str, float | None]) -> str:
    if figure["value"] is None:
        return "not defined"
    return f"{figure['value']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}]"
