"""What each move does to a world that is new: it brings a daemon an answer, a call, a loss, a crash or time.

Rule: nothing here decides for a daemon, and nothing is done to a world that others follow from.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import ceil, floor
from typing import Any, cast

from ppa_assigner.access import EVERYBODY
from ppa_assigner.automaton.requests import Apply, Create, Remove, SetFields, Write
from ppa_assigner.port import Look, Unavailable, Unknown
from ppa_assigner.record import compose, parse
from ppa_assigner.supervisor.events import HungUp, OperatorActed, ReleaseAsked, TouchAsked
from ppa_assigner.views import AssignRequest, DiscardAction, Want
from ppa_assigner.worker import carry_out

from . import judging
from .site import Ask, Shell
from .stage import DOWN, ref
from .world import LANDS_WITHIN_S, Late, World

TICK_S = 1.0 / 1024


def _shell(world: World, index: int, number: int) -> Shell:
    return world.take(index).shells[ref(number)]


def _go(world: World, index: int, number: int) -> None:
    shell = _shell(world, index, number)
    shell.hear(shell.send())


def _slow(world: World, index: int, number: int) -> None:
    world.spend("slow")
    shell = _shell(world, index, number)
    shell.answer = shell.send()


def _answer(world: World, index: int, number: int) -> None:
    shell = _shell(world, index, number)
    shell.hear(shell.answer)


def _stall(world: World, index: int, number: int) -> None:
    world.spend("stalls")
    _shell(world, index, number).stalled = True


def _lost(world: World, index: int, number: int) -> None:
    world.spend("faults")
    shell = _shell(world, index, number)
    ask = shell.ask
    shell.send()
    shell.hear(_no_answer(ask))


def _void(world: World, index: int, number: int) -> None:
    world.spend("faults")
    shell = _shell(world, index, number)
    shell.hear(_no_answer(shell.ask))


def _late(world: World, index: int, number: int) -> None:
    world.spend("faults")
    shell = _shell(world, index, number)
    _under_way(world, shell)
    shell.hear(_no_answer(shell.ask))


def _under_way(world: World, shell: Shell) -> None:
    """It left, if it may still leave, and Launchpad has not done it yet."""
    assert shell.ask is not None
    if not isinstance(shell.ask, Apply | Remove) or world.boot < shell.ask.not_after:
        world.late = (*world.late, Late(shell.ask, shell.ppa, world.boot + LANDS_WITHIN_S))


def _no_answer(ask: Any) -> Any:
    if isinstance(ask, Write | Create) or (isinstance(ask, Apply) and isinstance(ask.change, SetFields)):
        return Unknown("no answer")
    return Unavailable("no answer", sent=True) if isinstance(ask, Apply | Remove) else DOWN


def _land(world: World, number: int) -> None:
    late = world.late[number]
    world.late = world.late[:number] + world.late[number + 1 :]
    ask: Any = late.ask
    if isinstance(ask, Apply | Remove):
        ask = replace(ask, not_after=float("inf"))  # it has left already
    veils, world.launchpad.veils = world.launchpad.veils, {}  # it has passed whatever answers so
    carry_out(ask, late.ppa, cast("Any", world.stage), world.stage.boot)
    world.launchpad.veils = veils


def _look(world: World, index: int) -> None:
    world.take(index).looked(None)


def _blind(world: World, index: int) -> None:
    world.spend("faults")
    world.take(index).looked(DOWN)


def _listed(world: World, index: int) -> None:
    world.spend("slow")
    world.take(index).seen = world.launchpad.look("team")


def _missed(world: World, index: int, number: int) -> None:
    """A listing of several pages is no snapshot: this PPA moved from one that comes to one that was read."""
    world.spend("misses")
    look, gone = world.launchpad.look("team"), ref(number)
    assert isinstance(look, Look)
    entries = {ppa: entry for ppa, entry in look.entries.items() if ppa != gone}
    world.take(index).looked(replace(look, entries=entries, named=look.named - {gone}, requests=2))


def _looked(world: World, index: int) -> None:
    site = world.take(index)
    site.looked(site.seen)


def _crash(world: World, index: int, number: int | None = None, how: str = "") -> None:
    world.spend("crashes")
    if number is not None:
        shell = _shell(world, index, number)
        if how == "late":
            _under_way(world, shell)
        else:
            shell.send()
    world.put(index, None)
    for client in world.clients:
        if client.site == index and client.phase in ("asking", "parting"):
            _cut_off(world, client.number)


def _cut_off(world: World, number: int) -> None:
    """Its connection is gone, and it knows that."""
    client = world.clients[number]
    if client.phase == "asking":
        world.client(number, phase="apart", attempt=client.attempt + 1, site=None)
    else:
        world.client(number, phase="leaving", site=None)


def _restart(world: World, index: int) -> None:
    world.begin(index)


def _ask(world: World, number: int, index: int) -> None:
    scene, client, site = world.scene, world.clients[number], world.take(index)
    wish = AssignRequest(
        f"o{number}", "default", client.request, attempt=client.attempt, wait=scene.waits[number], ttl=scene.ttl,
        uploader=scene.uploaders[number], by=client.by, idle=scene.idle, ppa=scene.wanted(number),
        want=(Want("default", count=scene.count(number)),) if scene.count(number) else (),
    )  # fmt: skip
    world.client(number, phase="asking", site=index)
    judging.called(world, number, site.ask(number, wish))


def _hang_up(world: World, number: int) -> None:
    world.spend("hangups")
    site = world.take(world.clients[number].site or 0)
    site.do(HungUp(site.calls.pop(number).number))
    _cut_off(world, number)


def _vanish(world: World, number: int) -> None:
    """The client gave up, and the daemon does not notice: its connection stays open."""
    world.spend("vanish")
    site = world.take(world.clients[number].site or 0)
    site.deserted.append(site.calls.pop(number))
    _cut_off(world, number)


def _hear(world: World, number: int) -> None:
    judging.hear(world, number)


def _unheard(world: World, number: int) -> None:
    world.spend("unheard")
    judging.told(world, number)
    _cut_off(world, number)


def _release(world: World, number: int, index: int) -> None:
    judging.ends(world, number)
    site, lease = world.take(index), _lease(world, number)
    world.client(number, phase="parting", site=index)
    site.releases[number] = Ask(site.number())
    site.do(ReleaseAsked(site.releases[number].number, lease, EVERYBODY))


def _lease(world: World, number: int) -> str:
    """By which lease its client speaks of what it has."""
    client = world.clients[number]
    return (client.members[-1][1] if world.scene.by_member and client.members else client.lease) or ""


def _again(world: World, number: int, index: int) -> None:
    world.spend("again")
    site = world.take(index)
    site.do(ReleaseAsked(site.number(), _lease(world, number), EVERYBODY))


def _touch(world: World, number: int, index: int) -> None:
    world.spend("touches")
    site = world.take(index)
    site.do(TouchAsked(site.number(), _lease(world, number), None, EVERYBODY))


def _touch_again(world: World, number: int, index: int) -> None:
    world.spend("again")
    site = world.take(index)
    site.do(TouchAsked(site.number(), world.clients[number].lease or "", None, EVERYBODY))


def _upload(world: World, number: int) -> None:
    world.spend("uploads")
    ppa = world.clients[number].ppa
    assert ppa is not None
    world.launchpad.upload(ppa, f"of r{number}")


def _stray(world: World, number: int) -> None:
    world.spend("strays")
    world.launchpad.upload(ref(number), "stray")


def _edit(world: World, number: int) -> None:
    """A person changes the words, by the web, and leaves the record as it is."""
    world.spend("edits")
    ppa = ref(number)
    archive = world.launchpad.archives[ppa]
    record = parse(archive.description).record
    world.launchpad.words[ppa] = "other words"
    archive.description = compose("other words", record) if record is not None else "other words"


def _lie(world: World, ahead: float) -> None:
    """Launchpad's clock is so far ahead, in all answers from now on."""
    world.spend("lies")
    world.launchpad.skew, world.launchpad.lied = ahead, True


def _truth(world: World) -> None:
    world.launchpad.skew = 0.0


def _veil(world: World, number: int, how: str) -> None:
    """From now on each answer about this PPA is 404, or 403, and no listing shows it."""
    world.spend("veils")
    world.launchpad.veils[ref(number)] = (how, world.boot)
    world.launchpad.archives[ref(number)].listed = False


def _unveil(world: World, number: int) -> None:
    del world.launchpad.veils[ref(number)]
    world.launchpad.archives[ref(number)].listed = True


def _remake(world: World, number: int) -> None:
    world.spend("remakes")
    ppa = ref(number)
    world.launchpad.remake(ppa, wiped=world.scene.wiped)
    gone = {one.client for one in world.told if one.ppa == ppa}  # with all that a group has
    world.told = tuple(one for one in world.told if one.client not in gone)
    for client in world.clients:
        if ppa in client.ppas and client.phase in ("holding", "leaving"):
            world.client(client.number, phase="over", until=None)


def _make(world: World, number: int) -> None:
    world.spend("makes")
    world.launchpad.make(ref(number), empty=world.scene.empty)


def _publish(world: World, number: int) -> None:
    """The publisher comes by a PPA that is being deleted: its name is free again."""
    world.launchpad.publisher(ref(number))


def _discard(world: World, index: int, number: int) -> None:
    """An operator has it discarded, and deleted."""
    world.spend("discards")
    site = world.take(index)
    if ref(number) in site.shells:
        site.do(OperatorActed(site.number(), ref(number), DiscardAction("worn", delete=True)))


def _time(world: World) -> None:
    """To the next step at or after what is due next; then what is due within the second that follows, in its order."""
    world.base = world.boot = next_time(world)
    _time_passed(world)
    while (due := world.due()) < world.base + 1.0 and not world.stage.wrong:
        world.boot = max(due, world.boot + TICK_S)
        _time_passed(world)


def next_time(world: World) -> float:
    """The step that time passes to."""
    grain = world.scene.grain
    return max(ceil((world.due() - 1.0) / grain), floor(world.base / grain) + 1) * grain


def _time_passed(world: World) -> None:
    world.late = tuple(late for late in world.late if late.expires > world.boot)
    judging.over_by_time(world)
    for index in world.up():
        world.take(index).settle()
    judging.clients_hear(world)


ACTS: dict[str, Callable[..., None]] = {
    "go": _go, "slow": _slow, "answer": _answer, "stall": _stall, "lost": _lost, "void": _void, "late": _late,
    "land": _land, "look": _look, "blind": _blind, "listed": _listed, "looked": _looked, "crash": _crash,
    "restart": _restart, "ask": _ask, "hang up": _hang_up, "vanish": _vanish, "hear": _hear, "unheard": _unheard,
    "release": _release, "release again": _again, "touch": _touch, "touch again": _touch_again, "upload": _upload,
    "stray": _stray, "edit": _edit, "lie": _lie, "truth": _truth, "veil": _veil, "unveil": _unveil, "remake": _remake,
    "time": _time, "make": _make, "publish": _publish, "discard": _discard, "missed": _missed,
}  # fmt: skip
