"""Experiment tracking through Accelerate: local by default, and never silently absent."""

from __future__ import annotations

import contextlib
import importlib.metadata
import io
import os
from pathlib import Path

from accelerate import Accelerator

from train.errors import OptionError
from train.evaluation import FIGURES
from train.options import Options

PROJECT = "churn-signals"
PACKAGES = {
    "trackio": ("trackio",),
    "mlflow": ("mlflow", "mlflow-skinny"),
    "tensorboard": ("tensorboard", "tensorboardX"),
    "wandb": ("wandb",),
}
INSTALL = {"mlflow": "mlflow-skinny sqlalchemy alembic"}


def require(tracker: str) -> None:
    """Raises OptionError if the tracker is not installed; accelerate would only drop it with a debug line."""
    for package in PACKAGES.get(tracker, ()):
        try:
            importlib.metadata.version(package)
            return
        except importlib.metadata.PackageNotFoundError:
            continue
    if tracker != "none":
        raise OptionError(
            f"--tracker {tracker} is not installed; run: pip install {INSTALL.get(tracker, tracker)}, "
            "or use --tracker none"
        )


def configure(tracker: str, output_dir: Path) -> None:
    """Keeps local trackers beside the runs, unless the user's environment says where. Call before they load."""
    home = output_dir.resolve()
    if tracker == "trackio":
        os.environ.setdefault("TRACKIO_DIR", str(home / "trackio"))
    if tracker == "mlflow":
        os.environ.setdefault("MLFLOW_TRACKING_URI", f"sqlite:///{home / 'mlflow.db'}")


def start(
    accelerator: Accelerator, options: Options, base_model: str | None, source: dict[str, str], run_name: str
) -> None:
    """Opens the run at the tracker with its options, and the tickets' name and sha256, as parameters."""
    tracker = options.run.tracker
    if tracker == "none":
        return
    # Without what may hold a password or a path of this machine.
    options = {k: v for k, v in options.flat().items() if k not in ("data", "query", "output_dir", "resume")}
    options |= {"model": base_model or Path(options["model"]).name, **source}
    parameters = {k: v if isinstance(v, bool | int | float | str) else str(v) for k, v in options.items()}
    names = {"trackio": {"name": run_name}, "mlflow": {"run_name": run_name}, "wandb": {"name": run_name}}
    with contextlib.redirect_stdout(io.StringIO()):  # trackio's own hints; the run prints one line at its end
        accelerator.init_trackers(PROJECT, config=parameters, init_kwargs={tracker: names.get(tracker, {})})


def finish(accelerator: Accelerator, record: dict) -> None:
    """Logs the final figures and closes the run at the tracker."""
    figures = {f"test/{name}": record["test"][name]["value"] for name in FIGURES}
    figures |= {f"throughput/{k}": v for k, v in record["throughput"].items() if isinstance(v, int | float)}
    if "threshold" in record:
        figures["threshold"] = record["threshold"]["value"]
    with contextlib.redirect_stdout(io.StringIO()):
        accelerator.log({name: value for name, value in figures.items() if value is not None})


def close(accelerator: Accelerator) -> None:
    """Ends the run at the tracker."""
    with contextlib.redirect_stdout(io.StringIO()):
        accelerator.end_training()


def how_to_look(tracker: str, output_dir: str) -> str | None:
    """The command that shows the tracked runs."""
    return {
        "trackio": f"TRACKIO_DIR={output_dir}/trackio trackio show --project {PROJECT}",
        "mlflow": f"mlflow server --backend-store-uri sqlite:///{output_dir}/mlflow.db",
        "tensorboard": f"tensorboard --logdir {output_dir}",
    }.get(tracker)
