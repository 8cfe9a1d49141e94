"""The automaton: `step(known, event, now)` gives what is known then, and what is to be done.

Rule: pure.  No clock, no threads, no I/O: the same arguments always give the same answer.  At most one of the
effects asks Launchpad something; its answer must be the very next event (`Answer`).
"""

from __future__ import annotations

from .dispatch import step
from .events import Effect, Event
from .now import Now
from .state import Daemon, WorkerState
from .timers import wake
from .transitions import WriteReason

__all__ = ["Daemon", "Effect", "Event", "Now", "WorkerState", "WriteReason", "step", "wake"]
