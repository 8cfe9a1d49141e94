"""The moves: all that can happen next in a world, each at the grain of one request to Launchpad.

Rule: a move never decides for a daemon; it brings it an answer, a call, a loss, a crash or time.  `play` gives a new
world and leaves the old one as it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ppa_assigner.automaton.requests import Apply, Create, Remove, Write
from ppa_assigner.record import State

from . import judging, order
from .acts import ACTS, TICK_S, next_time
from .scene import Scene
from .site import Shell, Site
from .stage import ref
from .world import World

Move = tuple[Any, ...]
VEILED_S = 55.0
CHANGING = (Write, Apply, Create, Remove)


def moves(world: World) -> Iterator[Move]:
    """All that may come next, within what is left of the bounds."""
    only = world.scene.only
    for move in _moves(world):
        if only is None or move[0] in only:
            yield move


def play(world: World, move: Move, script: tuple[int, ...] = ()) -> World:
    """The world after this move.  What it did against the rules is in `stage.wrong`."""
    new, stage = world.follow(), world.stage
    stage.world, stage.script, stage.given = new, script, None
    new.boot += TICK_S  # no two things happen at once
    stage.wrong.clear()
    stage.drawn.clear()
    stage.told.clear()
    try:
        ACTS[move[0]](new, *move[1:])
        for index in sorted(new.fresh):
            if (site := new.sites[index]) is not None:
                site.settle()
        judging.clients_hear(new)
    except Exception as error:  # a worker would have died of it
        stage.wrong.append(f"an exception: {error!r}")
    judging.judge(new)
    order.judge(world, new)
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
    for ppa in world.scene.names:
        yield from _of_name(world, int(ppa.name[1:]))
    if world.launchpad.skew:
        yield ("truth",)
    elif world.left("lies"):
        yield from (("lie", ahead) for ahead in world.scene.lying)
    if world.due() != float("inf") and _may_pass(world):
        yield ("time",)


def _may_pass(world: World) -> bool:
    """A moment's answer lasts for less than a minute: how long it is believed by whom is a limit that is stated."""
    begun = min((since for _, since in world.launchpad.veils.values()), default=None)
    return begun is None or world.scene.for_ever or next_time(world) - begun < VEILED_S


def _of_site(world: World, index: int, site: Site) -> Iterator[Move]:
    if site.looking is not None:
        yield from _of_look(world, index, site)
    for shell in site.shells.values():
        if not shell.idle:
            yield from _of_request(world, index, int(shell.ppa.name[1:]), shell)
    if world.left("crashes"):
        yield ("crash", index)
        for shell in site.shells.values():
            if isinstance(shell.ask, CHANGING):
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
    if world.left("misses"):
        yield from (("missed", index, int(ppa.name[1:])) for ppa in world.launchpad.archives)


def _of_request(world: World, index: int, number: int, shell: Shell) -> Iterator[Move]:
    if shell.answer is not None:
        yield ("answer", index, number)
        return
    yield ("go", index, number)
    changing = isinstance(shell.ask, CHANGING)
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
        alike = len({_kind_of(world.scene, client.number) for client in world.clients}) == 1
        return [] if number and alike else world.up()[:1]
    return world.up()


def _kind_of(scene: Scene, number: int) -> tuple[Any, ...]:
    return scene.waits[number], scene.uploaders[number], scene.count(number), scene.wanted(number)


def _of_call(world: World, number: int) -> Iterator[Move]:
    site = world.sites[world.clients[number].site or 0]
    assert site is not None
    if site.calls[number].done:
        yield ("hear", number)
        if world.left("unheard"):
            yield ("unheard", number)
    elif world.left("vanish"):
        yield ("vanish", number)
    if world.left("hangups"):
        yield ("hang up", number)


def _of_name(world: World, number: int) -> Iterator[Move]:
    archive = world.launchpad.archives.get(ref(number))
    if archive is None:
        if world.left("makes"):
            yield ("make", number)
    elif archive.status != "Active":
        yield ("publish", number)
    else:
        yield from _of_people(world, number)
        if world.left("discards"):
            yield from (("discard", index, number) for index in world.up())


def _of_people(world: World, number: int) -> Iterator[Move]:
    record = world.launchpad.record(ref(number))
    arriving = world.scene.arriving and all(client.phase == "apart" for client in world.clients)
    if world.left("strays") and (record is None or record.state is State.DIRTY or arriving):
        yield ("stray", number)
    if world.left("edits"):
        yield ("edit", number)
    if ref(number) in world.launchpad.veils:
        yield ("unveil", number)
    elif world.left("veils"):
        yield from (("veil", number, how) for how in ("gone", "denied"))
    if world.left("remakes") and all(client.phase not in ("asking", "parting") for client in world.clients):
        yield ("remake", number)
