"""The progress of long work: alive in a terminal, a line now and then in a log file."""

from __future__ import annotations

import sys

from tqdm import tqdm

SECONDS_BETWEEN_LINES = 30


def progress_bar(what: str, total: int, done: int, shown: bool) -> tqdm:
    """A bar over `total` steps, `done` of which lie behind; on one process only (`shown`)."""
    often = 0.1 if sys.stderr.isatty() else SECONDS_BETWEEN_LINES
    return tqdm(desc=what, total=total, initial=done, unit="step", disable=not shown, mininterval=often)
