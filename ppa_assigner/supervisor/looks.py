"""Rounds of looks: what is looked at, who is told what was seen, and when the daemon is ready.

Rule: the daemon is ready once one round got through: a PPA of its own trouble does not keep the others waiting.
"""

from __future__ import annotations

from ..backoff import LOOK_FIRST_S
from ..reference import Reference
from ..views import Sight
from .core import Core
from .events import LookBegins, LookDone, LookSaw, Poll, Send
from .rounds import Failures
from .steps import LookNow, Match, Readiness, RoundOver


def on_begins(core: Core, _: LookBegins) -> None:
    """The next round begins, at all PPAs that are served."""
    names = core.registry.names()
    number = core.rounds.begin(names)
    _over(core, core.rounds.over(number))
    core.effects.append(Poll(number, tuple(names)))


def on_seen(core: Core, event: LookSaw) -> None:
    """Its worker is told; while there is none, the PPA is not looked at."""
    managed = core.registry.get(event.ppa)
    if managed is not None and managed.down is None:
        core.effects.append(Send(event.ppa, event.look))
    else:
        down = managed.down if managed is not None else None
        _over(core, core.rounds.done(event.ppa, event.look.round, down))


def on_done(core: Core, event: LookDone) -> None:
    """A PPA is known as of that round, or is not; its worker lives, and says so."""
    if (managed := core.registry.get(event.ppa)) is not None:
        managed.failing = None
    _over(core, core.rounds.done(event.ppa, event.number, event.reason))


def on_look_now(core: Core, _: LookNow) -> None:
    """Look at all PPAs."""
    core.look()


def on_round_over(core: Core, _: Readiness, failed: Failures) -> None:
    """Is the daemon ready now?"""
    if core.ready:
        return
    registry = core.registry
    away = [ppa for ppa in failed if (managed := registry.get(ppa)) and managed.snapshot.sight is Sight.SHOWN]
    if len(away) < len(registry):
        core.ready, core.trouble = True, None
        core.say(f"ready: {len(registry)} PPAs looked at, {len(failed)} of them out of reach")
        for pool in core.pools:
            core.then(Match(pool))
        return
    core.trouble = next(iter(failed.values()), "there is no PPA to look at")
    core.after(LOOK_FIRST_S, LookNow())


def forget(core: Core, ppa: Reference, reason: str | None = None) -> None:
    """The PPA is no longer looked at, or (`reason`) whoever did that is gone."""
    for number in core.rounds.pending(ppa):
        _over(core, core.rounds.done(ppa, number, reason))


def _over(core: Core, ended: tuple[Failures, list[object]] | None) -> None:
    if ended is not None:
        failed, waiting = ended
        for waits in (Readiness(), *waiting):
            core.then(RoundOver(waits, failed))
