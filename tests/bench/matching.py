"""The decision who gets which PPA, by itself: CPU of one match of a long line, without a daemon around it."""

from __future__ import annotations

from time import process_time

from ppa_assigner.config import Pool
from ppa_assigner.options import PoolOptions
from ppa_assigner.selectors import parse
from ppa_assigner.supervisor.matching import match

from ..fakecrew import Desk, ref
from ..settings import settings

WAIT_S = 10_000.0


def seconds(waiting: int, ppas: int, times: int) -> float:
    """Of the quickest of so many matches: each who waits has another selector and priority, and none of the free PPAs,
    each with labels of its own, is selected; one that is used may be.
    """
    own = {ref(f"p{number}"): {"number": str(number)} for number in range(ppas)} | {ref("big"): {"size": "big"}}
    desk = Desk(given=settings(pools={"default": Pool("default", tuple(own), PoolOptions(settle=0.0), {}, own)}))
    for ppa in own:
        desk[ppa.name].private = False
        if ppa.name != "big":
            desk[ppa.name].free()
    desk["big"].used("held")
    for number in range(waiting):
        desk.ask(f"r{number}", select=parse(f"size=big,!absent-{number}"), wait=WAIT_S, priority=number % 100)
    return min(_match(desk) for _ in range(times))


def _match(desk: Desk) -> float:
    begun = process_time()
    match(desk.core, "default")
    spent = process_time() - begun
    desk.core.effects.clear()  # what it decided is nobody's
    return spent
