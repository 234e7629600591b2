"""The beginning of a run: which processes there are, what they agree on, and where the run is kept."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from accelerate import Accelerator, PartialState
from accelerate.utils import broadcast_object_list

from train import tracking
from train.launcher import runs_on_cpu, share_cores
from train.options import Options
from train.precision import choose
from train.run_folder import RunFolder, new_run

# The others wait while the main process evaluates and uploads.
LONGEST_WAIT = timedelta(hours=6)


@dataclass
class Started:
    """The run's folder (not made yet, if the run is new), its accelerator, its number format and threads a process."""

    run: RunFolder
    accelerator: Accelerator
    precision: str
    threads: int


def start(options: Options) -> Started:
    """Sets the processes up.

    Raises:
        OptionError: the tracker is not installed, the precision not to be had, or the run's name unusable.
    """
    tracker = options.run.tracker
    tracking.require(tracker)
    threads, on_cpu = share_cores(), runs_on_cpu()
    state = PartialState(on_cpu, timeout=LONGEST_WAIT)
    # Clocks and timings differ between processes: one decides, the others are told.
    resumed = options.run.resume
    named = Path(resumed) if resumed else new_run(options.run.output_dir, options.run.run_name)
    folder, precision = broadcast_object_list([named, choose(options.training.precision, state.device.type)])
    tracking.configure(tracker, folder.parent)
    accelerator = Accelerator(
        cpu=on_cpu,
        mixed_precision="no" if precision == "fp32" else precision,
        log_with=None if tracker == "none" else tracker,
        project_dir=folder,
    )
    return Started(RunFolder(folder), accelerator, precision, threads)
