"""What must be so in every state, and how clients hear of what became of their calls.

Rule: says what is wrong in `stage.wrong`, each time with the invariant's number
(docs/explanation/protocol.md#invariants).  What is written in a text is judged where it lands (`watched`).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from ppa_assigner.backoff import SILENCE_GAP_S
from ppa_assigner.problems import Kind, Problem
from ppa_assigner.record import Record, State, whole_seconds
from ppa_assigner.reference import Reference
from ppa_assigner.views import LeaseView
from tests.memory import Item

from .site import Ask, Site
from .world import LEASED, Told, World

ANSWERED_WITHIN_S = 1.0


def called(world: World, number: int, problem: Problem | None) -> None:
    """A call that may be refused at once."""
    if problem is not None:
        _refused(world, number, problem)


def told(world: World, number: int) -> LeaseView:
    """The answer leaves: from now on the daemon has to think that the client knows of its lease."""
    site = world.take(world.clients[number].site or 0)
    lent = site.calls.pop(number).lent
    record, say = lent.record, world.stage.wrong.append
    date, until = world.launchpad.true(), record.until
    assert until is not None
    if until - date > timedelta(seconds=world.scene.ttl):  # a clock that lied wrote it; as long at least as promised
        until = whole_seconds(date + timedelta(seconds=world.scene.ttl - 1.0))
    if until <= date and lent.fresh:
        say(f"I1: r{number} is told a lease of {lent.ppa.name} that is new and over")
    if record.idle is not None:  # nobody touches it: by its silence it may be ended soon, but it has to stand now
        until = min(until, record.touched + timedelta(seconds=record.idle + min(SILENCE_GAP_S, record.idle / 4)))
        if not _stands(world, lent.ppa, record.lease):
            say(f"I1: r{number} is told of {lent.ppa.name}, and its lease does not stand")
    leases = [lent, *lent.members]
    new = tuple(Told(number, one.ppa, one.record.lease or "", until) for one in leases)
    if until <= date:
        return lent
    ppas = {one.ppa for one in leases}
    if len(ppas) != max(1, world.scene.count(number)):
        say(f"whole: r{number} is told of {len(ppas)} and wants {world.scene.count(number)}")
    for other in world.told:
        if other.ppa in ppas and other.client != number:
            say(f"I1: {other.ppa.name} is told to r{number} while r{other.client} was told of it")
        if other.client == number and other.ppa not in ppas:
            say(f"I3: r{number} is told of {lent.ppa.name} and was told of {other.ppa.name}")
    world.told = (*(one for one in world.told if one.client != number), *new)
    return lent


def ends(world: World, number: int) -> None:
    """The client does something that may end its lease."""
    world.told = tuple(one for one in world.told if one.client != number)


def over_by_time(world: World) -> None:
    """Leases have their ends."""
    date = world.launchpad.true()
    world.told = tuple(one for one in world.told if one.until > date)
    for client in world.clients:
        if client.phase in LEASED and client.until is not None and client.until <= date:
            world.client(client.number, phase="over", until=None)


def clients_hear(world: World) -> None:
    """What is no lease reaches them at once."""
    _nobody_hears(world)
    for client in world.clients:
        site = world.sites[client.site] if client.site is not None else None
        if site is None:
            continue
        if client.phase == "asking":
            _of_call(world, client.number, site)
        elif client.phase == "parting" and site.releases[client.number].done:
            site = world.take(client.site or 0)
            _released(world, client.number, site.releases.pop(client.number).problem)


def _nobody_hears(world: World) -> None:
    """Answers to calls whose clients have gone on with a higher attempt."""
    for index in world.up():
        site = world.sites[index]
        for call in site.deserted if site is not None else ():
            if call.done:
                world.take(index).deserted.pop()
                _to_nobody(world, index, call)


def _to_nobody(world: World, index: int, call: Ask) -> None:
    """A daemon that knows of a higher attempt lends nothing to a lower one, and does not show it the lease."""
    site = world.sites[index]
    snapshots = site.core.registry.snapshots() if site is not None else []
    records = [s.record for s in snapshots if s.record is not None and s.record.state is State.USED]
    wish = call.wish
    assert wish is not None
    higher = [r for r in records if (r.by, r.request) == (wish.by, wish.request_id) and r.attempt > wish.attempt]
    if higher and call.problem is None:
        say = world.stage.wrong.append
        say(f"I3: attempt {wish.attempt} of {wish.request_id} is lent to after attempt {higher[0].attempt}")


def _of_call(world: World, number: int, site: Site) -> None:
    call = site.calls.get(number)
    if call is None or not call.done:
        return
    problem = call.problem
    if problem is not None:
        world.take(world.clients[number].site or 0).calls.pop(number)
        _refused(world, number, problem)
    elif not any(world.left(what) for what in ("unheard", "hangups", "crashes")):
        hear(world, number)  # nothing can come in between any more that would not be the same afterwards


def hear(world: World, number: int) -> None:
    """The client has its lease."""
    lent = told(world, number)
    until = next((one.until for one in world.told if one.client == number), lent.record.until)
    members = tuple((one.ppa, one.record.lease or "") for one in lent.members)
    world.client(
        number, phase="holding", site=None, ppa=lent.ppa, lease=lent.record.lease, until=until, members=members
    )


def _refused(world: World, number: int, problem: Problem) -> None:
    """The client's attempt is the highest and its request id its own: these two are all that it may be told."""
    client, say = world.clients[number], world.stage.wrong.append
    if problem.kind not in (Kind.NONE_FREE, Kind.UNAVAILABLE):
        say(f"I4: r{number} is told {problem.kind.value}: {problem.detail}")
    if problem.kind is Kind.NONE_FREE and any(one.client == number for one in world.told):
        say(f"I4: r{number} asks again, and is told none-free although its lease stands")
    world.client(number, phase="apart", attempt=client.attempt + 1, site=None)


def _released(world: World, number: int, error: Problem | None) -> None:
    client, say = world.clients[number], world.stage.wrong.append
    assert client.ppa is not None
    unknown = error is not None and error.kind is Kind.UNAVAILABLE
    if error is not None and error.kind not in (Kind.UNAVAILABLE, Kind.UNKNOWN_LEASE):
        say(f"I9: the release of r{number} is answered {error.kind.value}")
    if not unknown and _stands(world, client.ppa, client.lease):
        say(f"I9: the lease of r{number} was to be ended, and stands")
    world.client(number, phase="leaving" if unknown else "over", site=None, until=client.until if unknown else None)


def _stands(world: World, ppa: Reference, lease: str | None) -> bool:
    record = world.launchpad.record(ppa)
    return record is not None and record.state is State.USED and record.lease == lease


def judge(world: World) -> None:
    """All that one state shows."""
    say = world.stage.wrong.append
    for one in world.told:
        if not _stands(world, one.ppa, one.lease):
            say(f"I1: r{one.client} was told of {one.ppa.name}, and its lease does not stand")
        if any(i.publication.name == f"of r{one.client}" and not i.active for i in _items(world, one.ppa)):
            say(f"I1: r{one.client} was told of {one.ppa.name}, and what it uploaded was deleted")
        uploader = world.scene.uploaders[one.client]
        archive = world.launchpad.archives.get(one.ppa)
        if uploader is not None and (archive is None or uploader not in archive.uploaders):
            say(f"I1: r{one.client} was told of {one.ppa.name}, and {uploader} may not upload")
    for ppa, archive in world.launchpad.archives.items():
        if any(item.publication.name == "theirs" and not item.active for item in archive.items):
            say(f"I5: what people put into {ppa.name} was deleted")
        record = world.launchpad.record(ppa)
        if record is not None and record.state is not State.DIRTY:
            _rights(world, ppa, record, set(archive.uploaders))
    _answered(world)


def _items(world: World, ppa: Reference) -> list[Item]:
    archive = world.launchpad.archives.get(ppa)
    return archive.items if archive is not None else []


def _rights(world: World, ppa: Reference, record: Record, uploaders: set[str]) -> None:
    for who in uploaders - {record.uploader}:
        world.stage.wrong.append(f"I7: {who} may upload to {ppa.name}, which is {record.state.value} and not theirs")


def _answered(world: World) -> None:
    late = world.boot - ANSWERED_WITHIN_S
    for site in world.sites:
        for number, call in (site.calls if site is not None else {}).items():
            if call.deadline < late and not call.done:
                world.stage.wrong.append(f"I8: r{number} was to be answered by {world.boot - call.deadline:g} s ago")


def fault_free(world: World) -> World:
    """The same, and nothing goes wrong any more."""
    new: Any = world.follow()
    new.scene = replace(world.scene, attempts=10**6, only=None)
    new.budget = tuple((name, 0) for name, _ in world.budget)
    return new  # type: ignore[no-any-return]  # it is a World
