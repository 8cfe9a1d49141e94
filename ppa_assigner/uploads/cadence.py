"""When to look at the uploads of a PPA again.

Rule: pure.  A build takes minutes, so who has just asked is served quickly and who waits for hours costs little; the
last step, the index, comes at a moment that many wait for, and looking there costs Launchpad's web service nothing.
"""

from __future__ import annotations

from ..times import MINUTE

EARLY = 10 * MINUTE
"""For so long after somebody asked for something new."""
EARLY_S, LATER_S, INDEX_S = 15.0, 60.0, 5.0


def interval(asked_ago: float, *, index_only: bool) -> float:
    """Seconds from the beginning of one look to that of the next.  `asked_ago`: seconds since something was first asked
    for; `index_only`: all that is waited for is published, and only the index that apt reads is missing.
    """
    if index_only:
        return INDEX_S
    return EARLY_S if asked_ago < EARLY else LATER_S
