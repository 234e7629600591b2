"""Publish a finished run: `python -m train.push runs/<name> org/name [--public] [--revision …] [--tag …]`.

The same that `--push-to-hub` does at the end of a run; so it also finishes a push that failed.
"""

from __future__ import annotations

import argparse
import filecmp
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from data.errors import HubError
from train.errors import OptionError

TRIED = 16
# The Hub's copy is the same file, loaded by the same code on the same machine.
TOLERANCE = 1e-6


def push(run: Path, repo: str, public: bool, revision: str | None, tag: str | None) -> str:
    """Writes the card with the repository's name, uploads in one commit, loads it back; returns the sha.

    Raises:
        HubError: what is wrong, and the command that finishes the job; the run's files are untouched.
    """
    from train import card, hub

    record = json.loads((run / "metrics.json").read_text(encoding="utf-8"))
    (run / "model" / "README.md").write_text(card.make(record, repo), encoding="utf-8")
    accuracy = record["test"]["accuracy"]["value"]
    try:
        sha = hub.upload(
            run / "model", repo, revision, tag, f"Add model of run {run.name} (test accuracy {accuracy:.3f})"
        )
        downloaded = hub.download(repo, sha)
    except HubError as error:
        words = ["python", "-m", "train.push", str(run), repo]
        words += ["--public"] if public else []
        words += ["--revision", revision] if revision else []
        words += ["--tag", tag] if tag else []
        raise HubError(f"{error}. The model is safe in {run / 'model'}; finish with: {shlex.join(words)}") from error
    if damaged := _damaged(run / "model", downloaded):
        raise HubError(f"{damaged} came back from {repo}@{sha[:12]} with other bytes than were sent; push again")
    if (difference := _difference(run, downloaded)) > TOLERANCE:
        raise HubError(f"{repo}@{sha[:12]} answers differently from {run} (by {difference:.2g}); do not use it")
    print(f"pushed      https://huggingface.co/{repo} at {sha} (read back: same scores)")
    return sha


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m train.push", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("run", type=Path, help="folder of a finished run, such as runs/2026-01-31-120000")
    parser.add_argument("repo", help="model repository, org/name; created if missing")
    parser.add_argument("--public", action="store_true", help="make a new repository public; private otherwise")
    parser.add_argument("--revision", help="branch to push to (default: main)")
    parser.add_argument("--tag", help="tag to set on the commit")
    given = parser.parse_args(arguments)
    try:
        if not (given.run / "metrics.json").exists():
            raise OptionError(f"{given.run} is not the folder of a finished run (it has no metrics.json)")
        for part in ("model/model.safetensors", "report/predictions.parquet"):
            if not (given.run / part).exists():
                raise OptionError(f"{given.run} has no {part}; only a whole run can be pushed")
        from train import hub

        hub.preflight(given.repo, given.public, "--public", given.revision, given.tag)
        push(given.run, given.repo, given.public, given.revision, given.tag)
    except (HubError, OptionError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)


def _damaged(sent: Path, downloaded: Path) -> str | None:
    """The first file whose bytes are not those that were sent; the Hub's clients do not check."""
    return next(
        (f.name for f in sorted(sent.iterdir()) if not filecmp.cmp(f, downloaded / f.name, shallow=False)), None
    )


def _difference(run: Path, downloaded: Path) -> float:
    """The largest difference between the scores of the local and the downloaded model on some test tickets."""
    import pyarrow.parquet as pq
    from transformers import pipeline

    tickets = (
        pq.read_table(run / "report" / "predictions.parquet", columns=["text", "pair"]).slice(0, TRIED).to_pylist()
    )
    inputs = [{"text": t["text"], "text_pair": t["pair"]} if t["pair"] else {"text": t["text"]} for t in tickets]
    answers = []
    for folder in (run / "model", downloaded):
        classify = pipeline("text-classification", model=str(folder), device="cpu")
        answers.append([{a["label"]: a["score"] for a in classify(i, truncation=True, top_k=None)} for i in inputs])
    mine, theirs = answers
    return max(abs(a[label] - b.get(label, 2.0)) for a, b in zip(mine, theirs, strict=True) for label in a)


if __name__ == "__main__":
    main()
