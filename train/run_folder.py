"""`runs/<name>/`: where a run keeps its options, checkpoints, model, figures and report."""

from __future__ import annotations

import json
import math
import os
import shutil
from datetime import datetime
from pathlib import Path

from train.errors import OptionError

# A checkpoint is the weights and AdamW's two moments, held twice while a new one is written; then the best weights,
# twice for the same reason, and the model itself.
COPIES = 2 * 3 + 2 + 1


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

    def create(self, values: dict, source: dict, weights: int) -> None:
        """Makes the folders and records the options, and which tickets they were read from.

        weights: bytes of the model's weights; a run needs a multiple of them on disk.

        Raises:
            OptionError: the name is taken, or the place cannot be written or is too full.
        """
        if self.options.exists():
            raise OptionError(
                f"--run-name: {self.path} exists already; choose another name, or continue it with --resume"
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            free, needed = shutil.disk_usage(self.path).free, weights * COPIES
            if free < needed:
                raise OptionError(
                    f"--output-dir: {free / 1e9:.1f} GB are free at {self.path}, but a run needs about "
                    f"{needed / 1e9:.1f} GB; make room or choose another folder"
                )
            self.checkpoints.mkdir(exist_ok=True)
            self.report.mkdir(exist_ok=True)
            write_json(self.source, source)
            write_json(self.options, values)
            self.options.chmod(0o600)  # a database URL among them may hold a password
        except OSError as error:
            raise OptionError(f"--output-dir: {self.path} cannot be written ({error.strerror})") from None

    def check_source(self, source: dict) -> None:
        """Raises OptionError if a resumed run's tickets or processes are not the ones it was started with."""
        before = json.loads(self.source.read_text(encoding="utf-8"))
        if before["sha256"] != source["sha256"]:
            raise OptionError(
                f"--resume: the tickets of {source['source']} have changed since {self.path} was started; start anew"
            )
        if before["processes"] != source["processes"]:
            raise OptionError(
                f"--resume: {self.path} was started with {before['processes']} processes, not {source['processes']}; "
                "launch it as before, for its steps are counted in them"
            )


def new_run(output_dir: str, run_name: str | None) -> Path:
    """Where a new run goes, by `--run-name` or by date and time; not made yet."""
    name = run_name or datetime.now().strftime("%Y-%m-%d-%H%M%S")
    if Path(name).name != name or name in (".", ".."):
        raise OptionError(f"--run-name is {name!r}, but must be a plain folder name without slashes")
    return Path(output_dir) / name


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
        json.dump(_plain(values), file, indent=2, ensure_ascii=False, allow_nan=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    aside.rename(path)


def _plain(values):
    """The same without NaN and infinity, which JSON does not know: they become null."""
    if isinstance(values, dict):
        return {key: _plain(value) for key, value in values.items()}
    if isinstance(values, list | tuple):
        return [_plain(value) for value in values]
    return None if isinstance(values, float) and not math.isfinite(values) else values
