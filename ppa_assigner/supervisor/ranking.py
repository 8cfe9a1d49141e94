"""The key that a line is ordered by: when a wish was first asked for, less what its priority is worth, and more for
what its client and owner have already.

Rule: a key is fixed when its wish enters the line, and is a time: since no priority is worth more than a fixed time,
whoever waits comes before all that ask later than that, and nobody starves.
"""

from __future__ import annotations


def key_at(first_asked: float, priority: int, has: int, age_step: float, fair_step: float) -> float:
    """The key of a wish (seconds since 1970): the lowest comes first.  Each step of priority is worth `age_step`
    seconds.  Each PPA that its client has for its owner, being assigned included, and each wish of theirs that came
    before (`has` counts both) costs `fair_step`.
    """
    return first_asked - priority * age_step + has * fair_step
