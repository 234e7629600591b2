"""What `accelerate launch` leaves to do on a CPU: start all the processes, and share the cores out among them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psutil

LAUNCHERS = ("accelerate", "torch.distributed.run", "torchrun")


def start_missing_processes() -> None:
    """Makes `accelerate launch --num_processes N` mean N processes on a machine without a GPU.

    There, unless MPI starts them, accelerate runs the script once and says nothing. This process then becomes
    torch's own launcher of N such processes. Does nothing where processes have been started, or one was asked for.
    """
    if "LOCAL_RANK" in os.environ or "MASTER_ADDR" not in os.environ:
        return
    asked = _asked_processes()
    if asked > 1:
        launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc_per_node", str(asked)]
        launcher += ["--master_addr", os.environ["MASTER_ADDR"], "--master_port", os.environ["MASTER_PORT"]]
        os.execv(sys.executable, [*launcher, "-m", "train", *sys.argv[1:]])


def runs_on_cpu() -> bool:
    """Whether to tell Accelerate so: left alone, it takes several processes without a GPU for strangers."""
    import torch

    wanted = os.environ.get("ACCELERATE_USE_CPU", "").lower() in ("1", "true", "yes")
    return wanted or ("LOCAL_RANK" in os.environ and not torch.accelerator.is_available())


def share_cores() -> int:
    """Shares this machine's cores out among its processes, unless the user chose; returns the threads of this one.

    `accelerate launch` gives each process one thread, which leaves most of a small machine idle.
    """
    import torch

    if not _user_chose():
        usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        cores = min(usable, psutil.cpu_count(logical=False) or usable)
        torch.set_num_threads(max(1, cores // int(os.environ.get("LOCAL_WORLD_SIZE", 1))))
    return torch.get_num_threads()


def _user_chose() -> bool:
    """Whether OMP_NUM_THREADS comes from the user: launchers set it to 1 in their children, so look above them."""
    if "OMP_NUM_THREADS" not in os.environ:
        return False
    launcher = _launcher()
    if launcher is None:
        return True
    try:
        words = " ".join(launcher.cmdline()).replace("-", "_")
        return "OMP_NUM_THREADS" in launcher.environ() or "__num_cpu_threads_per_process" in words
    except psutil.Error:
        return True


def _asked_processes() -> int:
    """`num_processes` of the `accelerate launch` above this process, from its command line or its config file."""
    launcher = _launcher()
    try:
        words = [w.partition("=") for w in launcher.cmdline()] if launcher else []
        options = {}
        for (name, equals, value), (following, *_) in zip(words, [*words[1:], ("",)], strict=True):
            options.setdefault(name.replace("-", "_"), value if equals else following)
        if "__num_processes" in options:
            return int(options["__num_processes"])
        if "__config_file" in options:
            import yaml

            return int(yaml.safe_load(Path(options["__config_file"]).read_text()).get("num_processes") or 1)
    except (psutil.Error, OSError, ValueError):
        pass
    return 1


def _launcher() -> psutil.Process | None:
    """The topmost of the launchers that this process descends from."""
    try:
        above = psutil.Process().parents()[:3]
        found = [p for p in above if any(name in " ".join(p.cmdline()[:4]) for name in LAUNCHERS)]
    except psutil.Error:
        return None
    return found[-1] if found else None
