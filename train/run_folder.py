"""`runs/<name>/`: where a run keeps its options, checkpoints, model, figures and report."""

from __future__ import annotations

import json
import os
import shutil
from datetime import datetime
from pathlib import Path

from train.errors import OptionError

# A run of the packaged encoder leaves about 700 MB: two checkpoints with optimiser state, and the model.
SPACE_NEEDED = 1_500_000_000


class RunFolder:
    """The paths of one run. `options.json` is written first, `metrics.json` last: with it the run is finished."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.options = path / "options.json"
        self.source = path / "source.json"
        self.checkpoints = path / "checkpoints"
        self.model = path / "model"
        self.report = path / "report"
        self.metrics = path / "metrics.json"

    @property
    def finished(self) -> bool:
        """Whether the run came to its end."""
        return self.metrics.exists()

    def create(self, values: dict, source: dict) -> None:
        """Makes the folders and records the options, and which tickets they were read from.

        Raises:
            OptionError: the name is taken, or the place cannot be written or is too full.
        """
        if self.options.exists():
            raise OptionError(
                f"--run-name: {self.path} exists already; choose another name, or continue it with --resume"
            )
        try:
            self.checkpoints.mkdir(parents=True, exist_ok=True)
            self.report.mkdir(exist_ok=True)
            write_json(self.source, source)
            write_json(self.options, values)
            free = shutil.disk_usage(self.path).free
        except OSError as error:
            raise OptionError(f"--output-dir: {self.path} cannot be written ({error.strerror})") from None
        if free < SPACE_NEEDED:
            raise OptionError(
                f"--output-dir: {free / 1e9:.1f} GB are free at {self.path}, but a run needs about "
                f"{SPACE_NEEDED / 1e9:.1f} GB; make room or choose another folder"
            )

    def check_source(self, source: dict) -> None:
        """Raises OptionError if a resumed run's tickets are not the ones it was started with."""
        if json.loads(self.source.read_text(encoding="utf-8")) != source:
            raise OptionError(
                f"--resume: the tickets of {source['source']} have changed since {self.path} was started; "
                "start a new run"
            )


def new_run(output_dir: str, run_name: str | None) -> RunFolder:
    """The folder of a new run, named by `--run-name` or by date and time; not created yet."""
    name = run_name or datetime.now().strftime("%Y-%m-%d-%H%M%S")
    if Path(name).name != name:
        raise OptionError(f"--run-name is {name!r}, but must be a plain folder name without slashes")
    return RunFolder(Path(output_dir) / name)


def find_run(resume: str, output_dir: str) -> RunFolder:
    """The run that `--resume` continues: the named folder, or the newest unfinished one of `output_dir`."""
    if resume == "newest":
        runs = [RunFolder(p.parent) for p in Path(output_dir).glob("*/options.json")]
        runs = sorted((r for r in runs if not r.finished), key=lambda r: r.options.stat().st_mtime)
        if not runs:
            raise OptionError(f"--resume: {output_dir} holds no unfinished run; name one, or start a new run")
        return runs[-1]
    run = RunFolder(Path(resume))
    if not run.options.exists():
        raise OptionError(f"--resume: {resume} is not a run's folder (it has no options.json)")
    if run.finished:
        raise OptionError(
            f"--resume: {resume} is finished already; to publish it: python -m train.push {resume} org/name"
        )
    return run


def write_json(path: Path, values: dict) -> None:
    """Writes JSON aside and renames it, so that the file is whole or not there."""
    aside = path.with_name(path.name + ".part")
    with open(aside, "w", encoding="utf-8") as file:
        json.dump(values, file, indent=2, ensure_ascii=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)
