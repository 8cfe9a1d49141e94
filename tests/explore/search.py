"""Breadth first through all worlds that a scene allows, each once; and whether all ends well from any of them.

Rule: nothing is drawn by lot but which worlds are tried for liveness, and that is seeded.  What is found wrong is told
with the shortest way to it.
"""

from __future__ import annotations

import logging
import random
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from math import inf
from typing import Any

from ppa_assigner.record import State
from ppa_assigner.reference import Reference

from .form import form_of
from .judging import fault_free
from .moves import Move, moves, play
from .scene import Scene
from .stage import Complaints, Stage
from .world import Client, World

Step = tuple[Move, tuple[int, ...]]


@dataclass
class Found:
    """How far it got.  `closed`: there is no world that was not seen; else it was bounded by time, count or depth."""

    scene: str
    states: int = 0
    transitions: int = 0
    depth: int = 0
    closed: bool = False
    lively: int = 0
    seconds: float = 0.0
    wrong: list[str] = field(default_factory=list)
    path: list[Step] = field(default_factory=list)


@dataclass(frozen=True)
class Bounds:
    """Where an exploration ends if it does not close; and of how many worlds one is tried for liveness (0: none).
    `frontier` bounds how many worlds are kept to be walked on from."""

    states: float = inf
    depth: float = inf
    seconds: float = inf
    frontier: float = inf
    lively_every: int = 0
    seed: int = 1


def begin(scene: Scene) -> World:
    """The first world: all daemons are ready."""
    stage = Stage()
    log = logging.getLogger("ppa_assigner")
    log.setLevel(logging.ERROR)
    log.handlers[:] = [Complaints(stage)]
    log.propagate = False
    world = World(stage, scene)
    for index in world.up():
        world = _right(play(world, ("look", index)))
    while any(site is not None and site.looking is not None for site in world.sites):
        world = _right(play(world, ("time",)))
    for move in scene.first:
        world = _right(play(world, move))
    return world


def _right(world: World) -> World:
    assert not world.stage.wrong, world.stage.wrong
    return world


def successors(world: World) -> Iterator[tuple[Step, World]]:
    """All worlds that one move makes of this one, for all that may be drawn by lot in it."""
    for move in moves(world):
        yield from draws(world, move)


def draws(world: World, move: Move) -> Iterator[tuple[Step, World]]:
    """All worlds that this move makes of this one; first the one in which always the first is drawn."""
    scripts: list[tuple[int, ...]] = [()]
    while scripts:
        script = scripts.pop()
        new = play(world, move, script)
        drawn = world.stage.drawn
        for position in range(len(script), len(drawn)):
            scripts += [(*script, *[0] * (position - len(script)), n) for n in range(1, drawn[position])]
        yield (move, script), new


def explore(scene: Scene, bounds: Bounds, report: Callable[[Found, int], None] = lambda *_: None) -> Found:
    """Walk breadth first, until something is wrong, nothing is left, or the bounds are reached."""
    found, started = Found(scene.name), time.process_time()
    world, rng = begin(scene), random.Random(bounds.seed)
    seen = {form_of(world)}
    parents: list[tuple[int, Step | None]] = [(-1, None)]
    queue: deque[tuple[int, int, World]] = deque([(0, 0, world)])
    while queue and not found.wrong:
        number, depth, world = queue.popleft()
        found.seconds = time.process_time() - started
        if (
            depth >= bounds.depth
            or len(seen) >= bounds.states
            or found.seconds >= bounds.seconds
            or len(queue) > bounds.frontier
        ):
            queue.append((number, depth, world))
            break
        found.depth = depth
        for step, new in successors(world):
            found.transitions += 1
            if world.stage.wrong:
                found.wrong, found.path = list(dict.fromkeys(world.stage.wrong)), _path(parents, number, step)
                break
            form = form_of(new)
            if form in seen:
                continue
            seen.add(form)
            parents.append((number, step))
            if bounds.lively_every and rng.randrange(bounds.lively_every) == 0:
                _check_liveness(found, new, parents)
                if found.wrong:
                    break
            queue.append((len(parents) - 1, depth + 1, new))
            if len(seen) % 1000 == 0:
                found.states = len(seen)
                report(found, len(queue))
    found.closed, found.states = not queue and not found.wrong, len(seen)
    found.seconds = time.process_time() - started
    return found


def _path(parents: list[tuple[int, Step | None]], number: int, step: Step) -> list[Step]:
    steps = [step]
    while number > 0:
        number, before = parents[number]
        if before is not None:
            steps.append(before)
    return steps[::-1]


# -- liveness ----------------------------------------------------------------------------------------------------------

ENDS_WITHIN_S = 4000.0
STEPS_MAX = 3000
CLAIMED_S = 2 * 120.0 + 60.0  # unchanged for two minutes of a look's: that of the lead, and then that of the member


def _check_liveness(found: Found, world: World, parents: list[tuple[int, Step | None]]) -> None:
    found.lively += 1
    why = why_not_lively(world)
    if why is not None:
        last = parents[-1]
        assert last[1] is not None
        found.wrong, found.path = [why], _path(parents, last[0], last[1])


def why_not_lively(world: World) -> str | None:
    """Nothing goes wrong any more, and everybody does what is theirs to do: is every PPA free at last?"""
    world, stage = fault_free(world), world.stage
    end, uses_until = world.boot + ENDS_WITHIN_S, world.boot + 2 * world.scene.every
    claimed_since: float | None = None
    for _ in range(STEPS_MAX):
        claimed_since = (claimed_since or world.boot) if _is_claimed(world) else None
        if claimed_since is not None and world.boot - claimed_since > CLAIMED_S + world.scene.every:
            return f"claims: a PPA is claimed, and nobody has wanted it for {world.boot - claimed_since:g} s"
        if is_over(world):
            return None
        move = _next(world, uses_until)
        if move is None or world.boot > end:
            return f"I9: not all is free after {ENDS_WITHIN_S - (end - world.boot):g} s without faults; next: {move}"
        world = play(world, move)
        if stage.wrong:
            return f"without faults, after {move}: {stage.wrong[0]}"
    return "I9: it goes on and on without faults"


def _is_claimed(world: World) -> bool:
    """Whether a PPA is claimed that nobody wants any more."""
    records = [world.launchpad.record(ppa) for ppa in world.launchpad.archives]
    wanted = world.late or any(client.phase == "asking" for client in world.clients)
    return not wanted and any(record is not None and record.claim is not None for record in records)


def is_over(world: World) -> bool:
    """Whether every PPA is free, and nothing is under way that could change that."""
    free = all(_rests(world, ppa) for ppa in world.launchpad.archives)
    return free and not world.late and not any(client.phase in ("asking", "parting") for client in world.clients)


def _rests(world: World, ppa: Reference) -> bool:
    """It is free, and nobody claims it; or discarded for ever; or it has no record and is not empty, or its
    name may not be used: somebody's, until an operator says adopt.
    """
    record, archive = world.launchpad.record(ppa), world.launchpad.archives[ppa]
    if archive.status != "Active":
        return False
    if record is None:
        return any(item.active for item in archive.items) or world.launchpad.is_used_up(ppa)
    if record.state is State.DISCARDED:
        return world.scene.options.delete_discarded is None
    return record.state is State.FREE and record.claim is None


_FAIR = ("truth", "restart", "unveil", "publish", "land", "answer", "looked", "go", "look", "hear", "release", "time")


def _next(world: World, uses_until: float) -> Move | None:
    """The first of these that there is: what is under way ends, clients go on, and time passes only then."""
    possible: dict[Any, Move] = {}
    for move in moves(world):
        possible.setdefault(move[0], move)
    asks_again = [client for client in world.clients if client.phase == "apart" and _comes_back(world, client)]
    if "release" in possible and "time" in possible and world.boot < uses_until:
        del possible["release"]
    if asks_again and "ask" in possible:
        return ("ask", asks_again[0].number, world.up()[0])
    return next((possible[kind] for kind in _FAIR if kind in possible), None)


def _comes_back(world: World, client: Client) -> bool:
    """Whether it was told of a lease and did not hear it: it asks again, and gets it."""
    persists = world.scene.persistent and client.attempt > 0
    return persists or any(one.client == client.number for one in world.told)


# -- for people --------------------------------------------------------------------------------------------------------


def told_in_words(scene: Scene, found: Found) -> str:
    """What is wrong, and the way there, one move a line."""
    world, lines = begin(scene), [f"{scene.name}: {'; '.join(found.wrong)}", f"after {len(found.path)} moves:"]
    for move, script in found.path:
        what = _in_words(world, move)
        world = play(world, move, script)
        lines.append(f"  {what:<78} {_states(world)}")
    return "\n".join(lines)


def _states(world: World) -> str:
    records = [world.launchpad.record(ppa) for ppa in world.launchpad.archives]
    return " ".join(
        f"{r.state.value}{f'({r.request}/{r.attempt})' if r.request else ''}" if r else "-" for r in records
    )


def _in_words(world: World, move: Move) -> str:
    kind, *rest = move
    if kind == "time":
        return f"time passes: {world.due() - world.boot:g} s"
    if kind in ("lie", "truth"):
        return "Launchpad's clock is right" if kind == "truth" else f"Launchpad's clock is {rest[0]:g} s ahead"
    if kind == "land":
        late = world.late[rest[0]]
        return f"the late request lands: {_request(late.ask)} of {late.ppa.name}"
    if kind in ("ask", "release", "touch", "release again", "touch again"):
        client = world.clients[rest[0]]
        return f"r{rest[0]}: {kind} at {_daemon(rest[1])}" + (f", attempt {client.attempt}" if kind == "ask" else "")
    if kind in ("hear", "unheard", "hang up", "vanish", "upload"):
        return f"r{rest[0]}: {kind}"
    if kind in ("stray", "edit", "veil", "unveil", "remake", "make", "publish"):
        return f"p{rest[0]}: {' '.join([kind, *map(str, rest[1:])])}"
    if kind in ("missed", "discard"):
        return f"{_daemon(rest[0])}: {kind} p{rest[1]}"
    site = world.sites[rest[0]]
    if len(rest) == 1 or site is None:
        return f"{_daemon(rest[0])}: {kind}"
    shell = next(shell for shell in site.shells.values() if shell.ppa.name == f"p{rest[1]}")
    asked = _request(shell.ask) if shell.ask is not None else "its answer"
    return f"{_daemon(rest[0])}: {' '.join([kind, *map(str, rest[2:])])}: {asked} of {shell.ppa.name}"


def _daemon(index: int) -> str:
    return f"daemon {'ab'[index]}"


def _request(ask: Any) -> str:
    from ppa_assigner.record import parse

    change = getattr(ask, "change", None)
    if change is not None:
        return f"{type(change).__name__.lower()} {change}"
    description = getattr(ask, "description", None)
    record = parse(description).record if description is not None else None
    return type(ask).__name__.lower() + (f" {record.state.value}" if record is not None else "")
