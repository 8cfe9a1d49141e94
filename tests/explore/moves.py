"""The moves: all that can happen next in a world, each at the grain of one request to Launchpad.

Rule: a move never decides for a daemon; it brings it an answer, a call, a loss, a crash or time.  `play` gives a new
world and leaves the old one as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import ceil, floor
from typing import Any, cast

from ppa_assigner.access import EVERYBODY
from ppa_assigner.automaton.asks import Create, Do, SetFields, Write
from ppa_assigner.port import Unavailable, Unknown
from ppa_assigner.record import State, compose, parse
from ppa_assigner.views import Wish
from ppa_assigner.worker import carry_out

from . import judging
from .site import Shell, Site
from .stage import DOWN, ref
from .world import LANDS_WITHIN_S, Late, World

Move = tuple[Any, ...]
TICK_S = 1.0 / 1024


def moves(world: World) -> Iterator[Move]:
    """All that may come next, within what is left of the bounds."""
    only = world.scene.only
    for move in _moves(world):
        if only is None or move[0] in only:
            yield move


def play(world: World, move: Move, script: tuple[int, ...] = ()) -> World:
    """The world after this move.  What it did against the design is in `stage.wrong`."""
    new, stage = world.follow(), world.stage
    stage.world, stage.script, stage.given = new, script, None
    new.boot += TICK_S  # no two things happen at once
    stage.wrong.clear()
    stage.drawn.clear()
    try:
        ACTS[move[0]](new, *move[1:])
        for index in sorted(new._fresh):
            if (site := new.sites[index]) is not None:
                site.settle(stage)
        judging.clients_hear(new)
    except Exception as error:  # a worker would have died of it
        stage.wrong.append(f"an exception: {error!r}")
    judging.judge(new)
    return new


# -- which there are ---------------------------------------------------------------------------------------------------


def _moves(world: World) -> Iterator[Move]:
    for index, site in enumerate(world.sites):
        if site is None:
            yield ("restart", index)
        else:
            yield from _of_site(world, index, site)
    for number in range(len(world.late)):
        yield ("land", number)
    for client in range(len(world.clients)):
        yield from _of_client(world, client)
    for number in range(world.scene.ppas):
        yield from _of_people(world, number)
    if world.due() != float("inf"):
        yield ("time",)


def _of_site(world: World, index: int, site: Site) -> Iterator[Move]:
    if site.looking is not None:
        yield from _of_look(world, index, site)
    for shell in site.shells.values():
        if not shell.idle:
            yield from _of_request(world, index, int(shell.ppa.name[1:]), shell)
    if world.left("crashes"):
        yield ("crash", index)
        for shell in site.shells.values():
            if isinstance(shell.ask, Write | Do | Create):
                yield ("crash", index, int(shell.ppa.name[1:]), "applied")
                yield ("crash", index, int(shell.ppa.name[1:]), "late")


def _of_look(world: World, index: int, site: Site) -> Iterator[Move]:
    if site.seen is not None:
        yield ("looked", index)
        return
    yield ("look", index)
    if world.left("faults"):
        yield ("blind", index)
    if world.left("slow"):
        yield ("listed", index)


def _of_request(world: World, index: int, number: int, shell: Shell) -> Iterator[Move]:
    if shell.answer is not None:
        yield ("answer", index, number)
        return
    yield ("go", index, number)
    changing = isinstance(shell.ask, Write | Do | Create)
    if world.left("faults"):
        yield ("void", index, number)
        if changing:
            yield ("lost", index, number)
            yield ("late", index, number)
    if world.left("slow"):
        yield ("slow", index, number)
    if world.left("stalls") and not shell.stalled:
        yield ("stall", index, number)


def _of_client(world: World, number: int) -> Iterator[Move]:
    client = world.clients[number]
    if client.phase == "apart" and client.attempt < world.scene.attempts:
        yield from (("ask", number, index) for index in _where_to_ask(world, number))
    elif client.phase == "asking":
        yield from _of_call(world, number)
    elif client.phase in ("holding", "leaving"):
        yield from (("release", number, index) for index in world.up())
        if client.phase == "holding" and world.left("uploads"):
            yield ("upload", number)
        if client.phase == "holding" and world.left("touches"):
            yield from (("touch", number, index) for index in world.up())
    elif client.phase == "over" and client.lease is not None and world.left("again"):
        yield from ((what, number, index) for index in world.up() for what in ("release again", "touch again"))


def _where_to_ask(world: World, number: int) -> list[int]:
    """Daemons are alike at the start, and so are clients that are ready to wait equally long: who asks first, and
    where, is called 0.
    """
    untouched = all(client.phase == "apart" and client.attempt == 0 for client in world.clients)
    if untouched and not world.scene.first:
        alike = len(set(zip(world.scene.waits, world.scene.uploaders, strict=False))) == 1
        return [] if number and alike else world.up()[:1]
    return world.up()


def _of_call(world: World, number: int) -> Iterator[Move]:
    site = world.sites[world.clients[number].site or 0]
    assert site is not None
    if site.calls[number].future.done():
        yield ("hear", number)
        if world.left("unheard"):
            yield ("unheard", number)
    elif world.left("vanish"):
        yield ("vanish", number)
    if world.left("hangups"):
        yield ("hang up", number)


def _of_people(world: World, number: int) -> Iterator[Move]:
    record = world.launchpad.record(ref(number))
    if world.left("strays") and (record is None or record.state is State.DIRTY):
        yield ("stray", number)
    if world.left("edits"):
        yield ("edit", number)


# -- what they do ------------------------------------------------------------------------------------------------------


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
    if not isinstance(shell.ask, Do) or world.boot < shell.ask.not_after:
        world.late = (*world.late, Late(shell.ask, shell.ppa, world.boot + LANDS_WITHIN_S))


def _no_answer(ask: Any) -> Any:
    if isinstance(ask, Write | Create) or (isinstance(ask, Do) and isinstance(ask.change, SetFields)):
        return Unknown("no answer")
    return Unavailable("no answer", sent=True) if isinstance(ask, Do) else DOWN


def _land(world: World, number: int) -> None:
    late = world.late[number]
    world.late = world.late[:number] + world.late[number + 1 :]
    ask = replace(late.ask, not_after=float("inf")) if isinstance(late.ask, Do) else late.ask  # it has left already
    carry_out(ask, late.ppa, cast("Any", world.stage), world.stage.boot)


def _look(world: World, index: int) -> None:
    world.take(index).looked(world.stage, None)


def _blind(world: World, index: int) -> None:
    world.spend("faults")
    world.take(index).looked(world.stage, DOWN)


def _listed(world: World, index: int) -> None:
    world.spend("slow")
    world.take(index).seen = world.launchpad.look("team")


def _looked(world: World, index: int) -> None:
    site = world.take(index)
    site.looked(world.stage, site.seen)


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
    wish = Wish(
        f"o{number}", "default", client.request, attempt=client.attempt, wait=scene.waits[number], ttl=scene.ttl,
        uploader=scene.uploaders[number],
    )  # fmt: skip
    world.client(number, phase="asking", site=index)
    judging.called(world, number, lambda: site.calls.__setitem__(number, site.supervisor.assign(wish)))


def _hang_up(world: World, number: int) -> None:
    world.spend("hangups")
    site = world.take(world.clients[number].site or 0)
    site.supervisor.hang_up(site.calls.pop(number))
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
    site, lease = world.take(index), world.clients[number].lease or ""
    world.client(number, phase="parting", site=index)
    site.releases[number] = site.supervisor.release(lease, EVERYBODY)


def _again(world: World, number: int, index: int) -> None:
    world.spend("again")
    world.take(index).supervisor.release(world.clients[number].lease or "", EVERYBODY)


def _touch(world: World, number: int, index: int) -> None:
    world.spend("touches")
    world.take(index).supervisor.touch(world.clients[number].lease or "", None, EVERYBODY)


def _touch_again(world: World, number: int, index: int) -> None:
    world.spend("again")
    world.take(index).supervisor.touch(world.clients[number].lease or "", None, EVERYBODY)


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


def _time(world: World) -> None:
    """To the next step at or after what is due next; then what is due within the second that follows, in its order."""
    grain = world.scene.grain
    world.base = world.boot = max(ceil((world.due() - 1.0) / grain), floor(world.base / grain) + 1) * grain
    _time_passed(world)
    while (due := world.due()) < world.base + 1.0 and not world.stage.wrong:
        world.boot = max(due, world.boot + TICK_S)
        _time_passed(world)


def _time_passed(world: World) -> None:
    world.late = tuple(late for late in world.late if late.expires > world.boot)
    judging.over_by_time(world)
    for index in world.up():
        world.take(index).settle(world.stage)
    judging.clients_hear(world)


ACTS: dict[str, Callable[..., None]] = {
    "go": _go, "slow": _slow, "answer": _answer, "stall": _stall, "lost": _lost, "void": _void, "late": _late,
    "land": _land, "look": _look, "blind": _blind, "listed": _listed, "looked": _looked, "crash": _crash,
    "restart": _restart, "ask": _ask, "hang up": _hang_up, "vanish": _vanish, "hear": _hear, "unheard": _unheard,
    "release": _release, "release again": _again, "touch": _touch, "touch again": _touch_again, "upload": _upload,
    "stray": _stray, "edit": _edit, "time": _time,
}  # fmt: skip
