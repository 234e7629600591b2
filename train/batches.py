"""Which tickets share an optimiser step: shuffled, yet of similar length."""

from __future__ import annotations

import numpy as np

# Tickets are sorted by length only within a random pool of so many steps: enough to waste next to nothing on
# padding, and every step still sees a fresh random mixture each epoch.
POOL = 50


def windows(lengths: np.ndarray, size: int, seed: int, epoch: int) -> list[np.ndarray]:
    """The steps of one epoch: arrays of at most `size` ticket indices, each ticket exactly once.

    A function of (seed, epoch) alone, so that a resumed epoch is shuffled as the interrupted one was, on any
    number of processes.
    """
    generator = np.random.default_rng((seed, epoch))
    order = generator.permutation(len(lengths))
    steps = []
    for start in range(0, len(order), POOL * size):
        pool = order[start : start + POOL * size]
        pool = pool[np.argsort(lengths[pool], kind="stable")]
        steps += [pool[i : i + size] for i in range(0, len(pool), size)]
    return [steps[i] for i in generator.permutation(len(steps))]


def micro_batches(window: np.ndarray, size: int, process: int, processes: int) -> list[np.ndarray]:
    """This process's share of a window, in micro-batches of at most `size`.

    Every process gets the same number of micro-batches (gradients are averaged in lockstep), so a share of a
    small last window may be empty.
    """
    rounds = -(-len(window) // (size * processes))
    return np.array_split(window, rounds * processes)[process::processes]
