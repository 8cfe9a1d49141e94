"""The supervisor: one worker per PPA, the waiting line, and what must outlive a worker.

`supervisor` is its face; `assigning`, `searching`, `tracing`, `confirming`, `wishes` and `claims` bring a wish to a
lease that may be told, `ordering` does what is asked of a lease that exists, `looking` reads all PPAs, `serving` keeps
the workers, `office` is what they share.  Rule: decide under the lock, act outside it; workers do all that asks
Launchpad for one PPA.
"""

from .supervisor import Supervisor

__all__ = ["Supervisor"]
