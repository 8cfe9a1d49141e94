"""The explorations: small ones that close, and the full ones that are walked as far as time goes.

Rule: the bounds of each are in its `Scene`; what is walked within them is all there is.  Those of `REDUCED` are part of
`make test`, with a bound on their states where they do not close soon; those of `DEEP` are `make explore`,
and so is `TO_THE_END`, which is not walked breadth first: `deviating` says what is claimed of it.
"""

from __future__ import annotations

from dataclasses import replace

from ppa_assigner.options import AsNew, Grow, PoolOptions

from .mutants import MUTANTS
from .scene import SETTLE_S, Scene
from .search import Bounds
from .stage import ref

AT_ONCE = PoolOptions(settle=0.0, verify_age=0.0)

ONE_CLIENT = Scene(
    "1 PPA, 2 daemons, 1 client",
)
CYCLE = Scene("1 PPA, 2 daemons, 2 clients, one ask each", waits=(0.0, 0.0), attempts=1)
LATE = Scene("1 PPA, 1 daemon, 1 client, a fault, a crash", daemons=1, faults=1,
             crashes=1, unheard=1)  # fmt: skip
CRASHING = Scene("1 PPA, 2 daemons, 1 client, a fault, a crash", faults=1, crashes=1)
SLOW = Scene("1 PPA, 2 daemons, 1 client, slow, stalled, unheard", slow=1, stalls=1,
             unheard=1)  # fmt: skip
UPLOADING = Scene("1 PPA, 1 daemon, 1 uploader, uploads, a fault", daemons=1, uploaders=("~ann",),
                  faults=1, uploads=1, touches=1, again=1)  # fmt: skip
WAITING = Scene("1 PPA, 1 daemon, 2 clients that wait", daemons=1, waits=(600.0, 600.0), hangups=1)
PEOPLE = Scene("1 bare PPA, 2 daemons, people", start="bare", attempts=0, edits=1,
               strays=1, faults=1)  # fmt: skip
LYING = Scene(
    "1 PPA, 1 daemon, 1 client, a clock that lies",
    daemons=1,
    lies=1,
    touches=1,
    crashes=1,
    every=60.0,
    only=frozenset({"ask", "go", "look", "time", "hear", "restart", "release", "crash", "touch", "lie", "truth"}),
)
TWO_PPAS = Scene("2 PPAs, 1 daemon, 1 client, 2 faults, 3 asks", ppas=2, daemons=1,
                 attempts=3, faults=2, unheard=1, options=AT_ONCE)  # fmt: skip
FULL = Scene(
    "2 PPAs, 2 daemons, 2 clients, all of it", ppas=2, waits=(0.0, 600.0), uploaders=("~ann", None), attempts=3,
    faults=2, crashes=1, slow=1, stalls=1, unheard=1, vanish=1, hangups=1, uploads=1, strays=1, edits=1, again=1,
    touches=1,
)  # fmt: skip
TO_THE_END = Scene(
    "2 PPAs, 2 daemons, 2 clients, to the end", ppas=2, waits=(0.0, 600.0), uploaders=("~ann", None), attempts=5,
    faults=2, crashes=2, slow=2, stalls=2, unheard=2, vanish=2, hangups=2, uploads=4, strays=2, edits=2, again=2,
    touches=5,
)  # fmt: skip
"""Two of each that may go wrong: no budget keeps two deviations from being made (`deviating`)."""
PLAIN = Scene("2 PPAs, 2 daemons, 2 clients, nothing goes wrong", waits=(0.0, 0.0), ppas=2)
RESTARTED = Scene(
    "1 PPA, 2 runs of one daemon, 2 clients, a crash, a fault", waits=(0.0, 0.0), twins=True, crashes=1, faults=1
)

ONLY_VEILS = frozenset({"ask", "go", "look", "time", "hear", "release", "touch", "restart", "veil", "unveil", "remake"})
VEILED = Scene("2 PPAs, 1 daemon, 1 client, a passing 404 or 403", ppas=2, daemons=1, attempts=3, veils=1, unheard=1,
               touches=1, ttl=10_000.0, grain=12.0, options=AT_ONCE, only=ONLY_VEILS | {"unheard"})  # fmt: skip
REMADE = Scene("1 PPA, 1 daemon, 1 client, made anew by people", daemons=1, attempts=2, remakes=1, veils=1, touches=1,
               faults=1, grain=12.0, options=AT_ONCE, only=ONLY_VEILS | {"late", "land", "lost", "void"})  # fmt: skip

GROUP = PoolOptions(settle=SETTLE_S, verify_age=None)
"""Claims take a look for arrivals less: more of the group is walked."""
PAIRED = Scene("2 PPAs, 1 daemon, a group of 2", ppas=2, daemons=1, counts=(2,), options=GROUP)
PAIRS = Scene("2 PPAs, 2 daemons, a group of 2, a fault, a crash", ppas=2, counts=(2,), faults=1, crashes=1,
              unheard=1, hangups=1, stalls=1, options=GROUP)  # fmt: skip
RIVALS = Scene("2 PPAs, 2 daemons, 2 rival groups, a fault, a crash", ppas=2, waits=(600.0, 600.0), counts=(2, 2),
               attempts=1, faults=1, crashes=1, options=GROUP)  # fmt: skip
RIVALS_OF_THREE = Scene("3 PPAs, 2 daemons, 2 rival groups and one that wants one", ppas=3, waits=(600.0,) * 3,
                        uploaders=(None,) * 3, counts=(2, 2), attempts=1, faults=1, options=GROUP)  # fmt: skip
MEDDLED = Scene("2 PPAs, 2 daemons, a group of 2, people", ppas=2, counts=(2,), edits=1, strays=1,
                stalls=1, touches=1, again=1, by_member=True, options=replace(GROUP, verify_age=0.0))  # fmt: skip
AGAIN = Scene("4 PPAs, 2 daemons, a group of 2 that asks again", ppas=4, counts=(2,), attempts=3, faults=1, unheard=1,
              vanish=1, options=GROUP)  # fmt: skip

GROWN = replace(GROUP, grow=Grow((ref(0), ref(1), ref(2)), keep_free=1, max=2))
WORN = replace(GROWN, as_new=AsNew(after=1), delete_discarded=30.0)
DELETED = Scene("1 discarded PPA, 2 daemons, deleted", start="discarded", attempts=0, makes=1, faults=1, slow=1,
                crashes=1, every=60.0, options=replace(GROUP, delete_discarded=30.0))  # fmt: skip
GROWING = Scene("a pool that grows, 2 daemons, 1 client", ppas=1, attempts=3, faults=1, misses=1, unheard=1,
                every=60.0, options=GROWN)  # fmt: skip
WEARING = Scene("a pool that grows, 1 daemon, 2 clients, deleted as it wears out", ppas=1, daemons=1,
                waits=(600.0, 600.0), faults=1, crashes=1, discards=1, every=60.0, options=WORN)  # fmt: skip
MAKING = Scene("a pool that grows, 2 daemons, people make PPAs", ppas=1, gone=(1,), makes=1, empty=True, strays=1,
               faults=1, every=60.0, options=replace(GROWN, verify_age=0.0))  # fmt: skip
ORDERED = Scene("2 PPAs, 1 daemon, 3 clients in line, one of which wants both", ppas=2, daemons=1,
                waits=(600.0, 600.0, 600.0), uploaders=(None,) * 3, counts=(0, 2, 0), faults=1, attempts=1,
                hangups=1, options=GROUP)  # fmt: skip

REDUCED = (
    (ORDERED, Bounds(states=500, lively_every=60)),
    (DELETED, Bounds(states=500, lively_every=60)),
    (GROWING, Bounds(states=500, lively_every=60)),
    (WEARING, Bounds(states=500, lively_every=60)),
    (MAKING, Bounds(states=300, lively_every=60)),
    (PAIRED, Bounds(lively_every=25)),
    (PAIRS, Bounds(states=500, lively_every=60)),
    (RIVALS, Bounds(states=500, lively_every=60)),
    (MEDDLED, Bounds(states=500, lively_every=60)),
    (VEILED, Bounds(states=700, lively_every=60)),
    (REMADE, Bounds(states=700, lively_every=60)),
    (ONE_CLIENT, Bounds(lively_every=25)),
    (LATE, Bounds(states=900, lively_every=60)),
    (PEOPLE, Bounds(states=900, lively_every=60)),
    (UPLOADING, Bounds(states=900, lively_every=60)),
    (SLOW, Bounds(states=700, lively_every=60)),
    (WAITING, Bounds(states=700, lively_every=60)),
    (LYING, Bounds(states=900, lively_every=60)),
    (TWO_PPAS, Bounds(states=700, lively_every=60)),
    (FULL, Bounds(states=500, lively_every=60)),
)
DEEP = (
    ONE_CLIENT, VEILED, REMADE, CYCLE, LATE, PEOPLE, UPLOADING, SLOW, WAITING, LYING, TWO_PPAS, CRASHING, RESTARTED,
    PLAIN, PAIRED, PAIRS, RIVALS, RIVALS_OF_THREE, MEDDLED, AGAIN, DELETED, GROWING, WEARING, MAKING, ORDERED, FULL,
)  # fmt: skip
UNBROKEN = {mutant.scene.name: mutant for mutant in MUTANTS}
"""The mutants' scenes: with nothing broken, nothing is found in them."""
assert SETTLE_S > 90.0  # as the configuration demands of Launchpad's own services
