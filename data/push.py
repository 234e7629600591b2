"""Put tickets on the Hub as a dataset: `python -m data.push org/name`, for the shipped ones.

`load_dataset("org/name")` then gives train, validation and test, with the label as `ClassLabel` and all
columns of the source under their own names. The repository is private unless --public is given.
"""

import argparse
import sys
from dataclasses import fields
from pathlib import Path
from tempfile import TemporaryDirectory

from data.errors import DataError
from data.hub import plain_errors, preflight
from data.options import DataOptions

CARD = Path(__file__).parent / "README.md"  # of the shipped tickets


def main(arguments: list[str] | None = None) -> int:
    """The command. Returns the exit code: 0, or 2 with one sentence on stderr."""
    parser = argparse.ArgumentParser(prog="python -m data.push", description=__doc__.split("\n\n")[0])
    parser.add_argument("repo", metavar="org/name", help="The dataset repository; made where it does not exist.")
    parser.add_argument("--public", action="store_true", help="Everybody may read it. Left out: only its owners.")
    parser.add_argument(
        "--seed", metavar="N", type=int, default=0, help="Decides the splits where the source has none."
    )
    for option in fields(DataOptions):
        flag = "--" + option.name.replace("_", "-")
        kind, metavar = (float, "X") if option.type is float else (str, "TEXT")
        parser.add_argument(flag, type=kind, metavar=metavar, default=option.default, help=option.metadata["help"])
    given = vars(parser.parse_args(arguments))
    repo, public, seed = (given.pop(name) for name in ("repo", "public", "seed"))
    try:
        print(push(DataOptions(**given), repo, public, seed))
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 0


def push(options: DataOptions, repo: str, public: bool, seed: int) -> str:
    """Read, check and split the tickets, and put them on the Hub in one commit. Returns what to tell the user.

    Raises DataError; then nothing half is on the Hub, and at worst an empty repository was made.
    """
    from huggingface_hub import HfApi

    preflight(repo, "dataset", public, "--public")
    from data.tickets import load  # after the pre-flight: it takes seconds, and a wrong token is told at once

    tickets = load(options, seed)
    for line in tickets.findings.lines():
        print(line, file=sys.stderr)
    with TemporaryDirectory() as folder, plain_errors(repo):
        write(tickets, Path(folder), repo, CARD if not options.data else None)
        api = HfApi()
        api.create_repo(repo, repo_type="dataset", private=not public, exist_ok=True)
        commit = api.upload_folder(
            repo_id=repo,
            repo_type="dataset",
            folder_path=folder,
            commit_message="Tickets",
            delete_patterns="data/*",  # what an earlier push wrote and this one does not
        )
    rows = ", ".join(f"{len(part)} {split}" for split, part in tickets.splits.items())
    seen = "public" if public else "private"
    return f'{rows} tickets are in {repo} ({seen}), commit {commit.oid}: load_dataset("{repo}")'


def write(tickets, folder: Path, repo: str, card: Path | None) -> None:
    """Write the files of the repository: one Parquet file per split, and the card (or a short one)."""
    from datasets import disable_progress_bars
    from huggingface_hub import DatasetCard

    disable_progress_bars()
    (folder / "data").mkdir()
    files = []
    for split, part in tickets.splits.items():
        path = f"data/{split}-00000-of-00001.parquet"
        published(tickets, part).to_parquet(folder / path)
        files.append({"split": split, "path": path})
    if card and card.is_file():
        text = DatasetCard.load(card, ignore_metadata_errors=False)
    else:
        text = DatasetCard(_short_card(tickets, repo))
    text.data["configs"] = [{"config_name": "default", "data_files": files}]
    text.save(folder / "README.md")


def published(tickets, part):
    """One split as others see it: the columns and names of the source, labels as `ClassLabel`."""
    from datasets import ClassLabel, List

    from data.tickets import EXTRA

    one = ClassLabel(names=list(tickets.labels.names))
    if tickets.labels.kind == "multilabel":
        numbers = [[i for i, holds in enumerate(row) if holds] for row in part["label"]]
        part = part.remove_columns("label").add_column("label", numbers, feature=List(one))
    source = {"text": tickets.columns.text, "pair": tickets.columns.pair, "label": tickets.columns.label}
    names = {ours: theirs for ours, theirs in source.items() if theirs}
    extras = {name: name.removeprefix(EXTRA) for name in part.column_names if name.startswith(EXTRA)}
    part = part.select_columns([*names, *extras])
    return part.rename_columns(names | extras)


def _short_card(tickets, repo: str) -> str:
    names = ", ".join(f"`{name}`" for name in tickets.labels.names)
    rows = "\n".join(
        f"| {split} | {count['rows']} | {', '.join(f'{n} {name}' for name, n in count['labels'].items())} |"
        for split, count in tickets.findings.splits.items()
    )
    return f"""---
task_categories:
- text-classification
---
# {repo.split("/")[1]}

Support tickets, labelled {names}.

| split | messages | labels |
|---|---|---|
{rows}

```python
from datasets import load_dataset

tickets = load_dataset("{repo}")
```
"""


if __name__ == "__main__":
    sys.exit(main())
