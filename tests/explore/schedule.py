"""The default schedule: what comes next if nobody interferes.  And all by which a schedule may deviate from it.

Both daemons and both clients do what is theirs to do: each client asks a daemon of its own, uploads, touches, and
releases its lease at the other daemon; requests leave and are answered at once; time passes when nothing else is left.
Rule: what comes next follows from the world and from what is put off, and from nothing else: two schedules that meet
in both are one from there on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from ppa_assigner.record import Record, State

from .moves import Move, moves
from .search import is_over
from .world import Client, World

Off = tuple[tuple[Move, int], ...]
"""Moves that are put off: until so many times time has passed, and then until nothing else is left but that."""

ORDER = ("go", "restart", "answer", "looked", "land", "look", "hear", "upload", "touch", "release", "ask", "time")
PATIENT = 2  # attempts that come at once
LATER = {"slow": "answer", "listed": "looked", "late": "land", "stall": "go", "crash": "restart"}
"""What is under way after such a move, and may come at once or only after other things."""


@dataclass(frozen=True)
class Deviation:
    """This move is made although another would come next; `off` are the moves that are put off from then on.  Without
    a move, only the one that would come next is put off.  `default`: it is that one, with something else drawn by lot.
    """

    kind: str
    move: Move | None
    off: Off = ()
    default: bool = False


def coming(world: World, off: Off) -> Move | None:
    """What comes next by default; None: nothing."""
    possible = sorted((move for move in moves(world) if _is_done(world, move)), key=partial(_place, world))
    waits = dict(off)
    now = [move for move in possible if move not in waits and move[0] != "time"]
    now += [move for move in possible if waits.get(move) == 0]
    now += [move for move in possible if move[0] == "time"]
    now += possible
    return now[0] if now else None


def _place(world: World, move: Move) -> tuple[int, Move]:
    """Clients ask before all else, and once more as soon as they were cut off or refused: so they meet."""
    first = move[0] == "ask" and world.clients[move[1]].attempt < PATIENT
    return (-1 if first else ORDER.index(move[0]), move)


def _is_done(world: World, move: Move) -> bool:
    """Whether somebody makes this move if nothing is wrong."""
    kind, *rest = move
    if kind == "ask":
        return bool(rest[1] == _daemon(world, rest[0])) and _has_reason(world, world.clients[rest[0]])
    if kind == "release":
        return bool(rest[1] == _daemon(world, rest[0] + 1))
    if kind == "touch":
        first = world.left("touches") + rest[0] >= world.scene.touches
        return first and bool(rest[1] == _daemon(world, rest[0]))
    if kind == "upload":
        return not _has_uploaded(world, world.clients[rest[0]])
    return kind in ORDER


def _has_reason(world: World, client: Client) -> bool:
    """A client that asked often waits until there is something to be had."""
    records = [world.launchpad.record(ppa) for ppa in world.launchpad.archives]
    if client.attempt < PATIENT:
        return True
    return any(r is not None and (r.state is State.FREE or _is_of(r, client)) for r in records)


def _is_of(record: Record, client: Client) -> bool:
    return record.state is State.USED and (record.by, record.request) == (client.by, client.request)


def _daemon(world: World, number: int) -> int:
    up = world.up()
    return up[number % len(up)]


def _has_uploaded(world: World, client: Client) -> bool:
    assert client.ppa is not None
    items = world.launchpad.archives[client.ppa].items
    return any(item.publication.name == f"of {client.request}" for item in items)


def is_at_its_end(world: World, off: Off) -> bool:
    """All PPAs are free, each client's lease is over or it asks no more, and only time is left to pass."""
    done = all(
        client.phase == "over" or (client.phase == "apart" and client.attempt >= world.scene.attempts)
        for client in world.clients
    )
    return done and is_over(world) and coming(world, off) in (("time",), None)


def after(world: World, off: Off, move: Move | None) -> Off:
    """What is still put off in this world, to which that move led."""
    passed = move is not None and move[0] == "time"
    possible = set(moves(world)) if off else set()
    return tuple(
        (one, max(0, times - passed)) for one, times in off if one in possible and one != move
    )  # fmt: skip


def deviations(world: World, off: Off) -> Iterator[Deviation]:
    """All that may be done now instead of what comes next."""
    default = coming(world, off)
    for move in moves(world):
        kind = " ".join(map(str, (move[0], *move[3:])))
        if move == default:
            yield Deviation(f"{kind}, drawn", move, off, default=True)
            continue
        yield Deviation(kind, move, off)
        if (later := _later(world, move)) is not None:
            yield Deviation(f"{kind}, until nothing else is left", move, (*off, (later, 0)))
            yield Deviation(f"{kind}, until time has passed", move, (*off, (later, 1)))
    if default is not None and default[0] != "time" and default not in dict(off):
        yield Deviation(f"{default[0]}, put off", None, (*off, (default, 0)))


def _later(world: World, move: Move) -> Move | None:
    kind = LATER.get(move[0])
    if kind == "land":
        return ("land", len(world.late))
    return (kind, *move[1:2]) if kind in ("restart", "looked") else (kind, *move[1:]) if kind else None
