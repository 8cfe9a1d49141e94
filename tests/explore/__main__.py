"""`python -m tests.explore [SECONDS]`: the deep exploration.  `python -m tests.explore mutant NAME`: what the small
scene of a mutant finds with the package that is first on the path; nothing, if it is the real one.
`python -m tests.explore deviating BOUND EVERY`: every so manieth schedule with up to so many deviations.

`PPA_ASSIGNER_EXPLORE` is how many seconds of this processor all scenes together may take (default 1200).
"""

from __future__ import annotations

import os
import sys
import time
from math import inf

from .deviating import Walked, walk
from .mutants import BY_NAME
from .scenes import DEEP, TO_THE_END
from .search import Bounds, Found, explore, told_in_words

MUTANT_STATES = 6_000
DEFAULT_S = 1200.0
EVERY = 5000  # states between two lines of progress
SHARES = 4  # of the time, for the schedules with deviations: as much as so many scenes
MIN_S = 60.0  # but all with one deviation always
DEVIATIONS = 2
FRONTIER = 60_000  # so many worlds that wait to be walked on from are kept in memory: some 20 kB each


def mutant(name: str) -> int:
    """Explore the scene of this mutant; 1 if something was found, which is printed."""
    one = BY_NAME[name]
    found = explore(one.scene, Bounds(states=MUTANT_STATES, lively_every=1 if one.lively else 0))
    say(f"{found.states} states, {'closed' if found.closed else 'not closed'}, {found.seconds:.1f} s")
    if found.wrong:
        say(told_in_words(one.scene, found))
    return 1 if found.wrong else 0


def deep(seconds: float) -> int:
    """All scenes; what the first ones leave of their time goes to those that follow.  1 if something was found."""
    rows, end = [], time.process_time() + seconds
    for number, scene in enumerate(DEEP):
        share = (end - time.process_time()) / (len(DEEP) - number + SHARES)
        say(f"-- {scene.name}: at most {share:.0f} s")
        found = explore(scene, Bounds(seconds=share, frontier=FRONTIER, lively_every=100), _progress)
        rows.append(found)
        if found.wrong:
            say(told_in_words(scene, found))
    walked = deviating(DEVIATIONS, 1, max(MIN_S, end - time.process_time()))
    say(table([*rows, walked]))
    say(in_deviations(walked))
    return 1 if any(found.wrong for found in [*rows, walked]) else 0


def deviating(bound: int, every: int, seconds: float = inf) -> Walked:
    """The full configuration, every schedule to its end.  What is found wrong is printed."""
    say(f"-- {TO_THE_END.name}: at most {seconds:.0f} s")
    found = walk(TO_THE_END, bound, every, seconds, report=lambda found: say("   " + in_deviations(found)))
    if found.wrong:
        say(told_in_words(TO_THE_END, found))
    return found


def in_deviations(found: Walked) -> str:
    """How many schedules were walked to their ends."""
    bounds = (f"{done} of {of} deviations" for done, of in found.per_bound[1:])
    return (
        f"{found.schedules} schedules to the end, {found.whole_cycles} with both leases, the longest of "
        f"{found.longest} moves, {found.states} states, {found.seconds:.0f} s; {', then '.join(bounds)}"
    )


def table(rows: list[Found]) -> str:
    """What was walked, a line a scene."""
    head = f"{'scene':<58} {'depth':>5} {'states':>8} {'transitions':>11} {'lively':>6} {'seconds':>7}  end"
    lines = [
        f"{f.scene:<58} {f.depth:>5} {f.states:>8} {f.transitions:>11} {f.lively:>6} {f.seconds:>7.0f}  {_end(f)}"
        for f in rows
    ]
    return "\n".join(["", head, *lines, f"{sum(f.states for f in rows)} distinct states"])


def say(text: str) -> None:
    """This program's output."""
    print(text, flush=True)  # noqa: T201 - it is a program


def _end(found: Found) -> str:
    if isinstance(found, Walked) and not found.wrong:
        complete = sum(done == of for done, of in found.per_bound) - 1
        return f"complete to {complete} deviations, {found.schedules} schedules to the end"
    return "WRONG" if found.wrong else "closed" if found.closed else f"bounded, complete to depth {found.depth - 1}"


def _progress(found: Found, waiting: int) -> None:
    if found.states % EVERY == 0:
        say(
            f"   {found.states} states, {found.transitions} transitions, depth {found.depth}, {waiting} to walk on from"
        )


if __name__ == "__main__":
    arguments = sys.argv[1:]
    if arguments[:1] == ["mutant"]:
        sys.exit(mutant(arguments[1]))
    if arguments[:1] == ["deviating"]:
        sys.exit(1 if deviating(int(arguments[1]), int(arguments[2])).wrong else 0)
    sys.exit(deep(float(arguments[0] if arguments else os.environ.get("PPA_ASSIGNER_EXPLORE", DEFAULT_S))))
