"""Signals that end a wait: also one whose exception Python dropped."""

from __future__ import annotations

import os
import signal

import pytest

from ppa_assigner.cli import signals


class Cleared:
    """The signal comes while it is cleared away: what is raised there goes no further."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        signal.sigpending()  # the handler runs at the next call at the latest


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_that_was_dropped_is_found_in_the_next_turn() -> None:
    """And is forgotten with the block."""
    with signals.interruptible():
        signals.again()
        Cleared()
        with pytest.raises(signals.Interrupted) as told:
            signals.again()
    assert told.value.signal == signal.SIGTERM
    signals.again()
