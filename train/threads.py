"""CPU threads: `accelerate launch` gives each process one, which leaves most of a small machine idle."""

from __future__ import annotations

import os

import psutil
import torch


def share_cores(local_processes: int) -> int:
    """Shares this machine's cores out among the local processes, unless the user chose; returns the threads."""
    if not _user_chose():
        usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        cores = min(usable, psutil.cpu_count(logical=False) or usable)
        torch.set_num_threads(max(1, cores // local_processes))
    return torch.get_num_threads()


def _user_chose() -> bool:
    """Whether OMP_NUM_THREADS comes from the user rather than from the launcher's default.

    The launcher sets OMP_NUM_THREADS=1 in its children, so the children look at what the launcher itself was
    started with.
    """
    if "OMP_NUM_THREADS" not in os.environ:
        return False
    try:
        parent = psutil.Process(os.getppid())
        if "accelerate" not in " ".join(parent.cmdline()):
            return True
        return "OMP_NUM_THREADS" in parent.environ() or any(
            "num_cpu_threads_per_process" in word or "num-cpu-threads-per-process" in word for word in parent.cmdline()
        )
    except (psutil.Error, OSError):
        return True
