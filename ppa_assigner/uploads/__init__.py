"""What became of the uploads to a leased PPA: accepted, built, published, installable, or why not.

`model` has the values, `verdict` says what they mean, `cadence` when to look again: pure, no clock, no threads, no I/O.
`looks` asks Launchpad, `following` is one lease with all who wait for it, `follower` the threads.  Rule: nothing is
kept that a restart would lose.
"""

from .follower import Follower
from .following import Enough, Retrying, Waiting
from .looks import FollowedLease

__all__ = ["Enough", "FollowedLease", "Follower", "Retrying", "Waiting"]
