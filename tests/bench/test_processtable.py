"""What a process is said to have used is its own."""

from __future__ import annotations

import sys

import pytest

from .processtable import run

LARGE_MB = 200


def test_memory_of_a_process_is_not_that_of_the_bench() -> None:
    """However much the bench itself has."""
    large = b"x" * (LARGE_MB << 20)
    told = run([sys.executable, "-c", "print(42)"])
    assert len(large) > 0
    assert told.out == "42\n"
    assert 1 < told.mb < LARGE_MB
    assert told.wall > 0


def test_a_process_that_fails_has_no_figures() -> None:
    """Its code is in the error."""
    with pytest.raises(RuntimeError, match="ended with 3: so far"):
        run([sys.executable, "-c", "print('so far'); raise SystemExit(3)"])
