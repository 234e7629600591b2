"""What all tests share."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

# The project is a folder, not an installed package: whichever way pytest is started, its root is importable.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.hub import Hub


@pytest.fixture(scope="session")
def hub() -> Iterator[Hub]:
    """A running Hub that all tests share: give each test a repository name and an `HF_HOME` of its own."""
    with Hub() as running:
        yield running
