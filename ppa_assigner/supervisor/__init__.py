"""The supervisor: one worker per PPA, the queues of those who wait, and what must outlive a worker.

`machine` is a pure function of an event and the time, over one value, `core.Core`; `matching` decides who gets which
PPA.  `supervisor` and `shell` stand around it: the lock, the futures, the workers, the threads of timer and poller.
Rule: decide under the lock, act outside it; workers do all that asks Launchpad for one PPA.
"""

from .supervisor import Supervisor

__all__ = ["Supervisor"]
