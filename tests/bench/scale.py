"""How much is measured: all of it, or so little that a test can run every table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Sizes of the tables; times in seconds."""

    delay: float = 0.05  # what the stand-in adds to each request
    samples: int = 60  # single measures of each kind, taken in turns
    rounds: int = 3  # measures of what takes longer; the median counts
    crowd: int = 20  # clients at once where latency under load is asked for
    each: int = 10  # assigns of each of them
    burst: int = 200  # assigns at once where throughput is asked for
    scripts: int = 8  # runs of what is started afresh for each assign
    ppas: int = 1000  # of one team
    rest: float = 20.0  # how long a daemon is watched at rest
    looks: int = 6  # how many looks are watched, in each round
    look_every: float = 2.0
    waiters: int = 2000  # clients that wait in the line
    unfit: int = 500  # free PPAs that none of those in a line selects
    freed: int = 7  # how many of them get the PPA, one after the other
    listing: float = 4.0  # how long lists are asked for
    lists: int = 8  # connections that ask for lists
    dirty: int = 100  # PPAs that are cleaned at once
    packages: int = 50  # in each of them
    uploads: int = 100  # PPAs whose uploads are waited for
    moments: int = 12  # rounds of them: all who wait in a round are looked at within a moment of each other
    groups: tuple[int, ...] = (1, 2, 4, 8)  # PPAs that are asked for at once
    tries: int = 20  # groups of each size
    growth: tuple[int, ...] = (1, 10, 100, 500, 1000, 2000)


FULL = Scale()
TINY = Scale(
    delay=0.002, samples=2, rounds=1, crowd=2, each=2, burst=4, scripts=1, ppas=3, rest=0.2, looks=2, look_every=0.1,
    waiters=5, unfit=3, freed=2, listing=0.1, lists=2, dirty=2, packages=3, uploads=2, moments=2, groups=(1, 2),
    tries=1, growth=(1, 3),
)  # fmt: skip
