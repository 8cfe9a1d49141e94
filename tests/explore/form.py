"""The form of a world: equal for two worlds from which the same can follow.

Times count from the last time that time passed (whole seconds and their order, and what is older than `OLD_S` is just
old), serials from that of the record that
stands, names that were drawn (nonces, leases, tokens) by the order in which they first appear.  What is only shown to
people, or follows from something that is in the form, is left out; what is drawn by lot for a pause is too.
Rule: whatever is not known to be without effect stays in: then equal worlds are taken for two, which costs time only.
"""

from __future__ import annotations

import dataclasses
import enum
import types
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from functools import partial
from math import floor, inf
from typing import Any

from ppa_assigner.automaton import WorkerState
from ppa_assigner.automaton.operation import CleanProgress
from ppa_assigner.port import AccessDenied, Entry, Gone, Moment, Unavailable, Unknown
from ppa_assigner.problems import Problem
from ppa_assigner.record import Record, State, Text
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor.line import Asked, Call, Claim
from ppa_assigner.supervisor.office import Office
from ppa_assigner.supervisor.order import Order
from ppa_assigner.supervisor.ordering import Withdrawal
from ppa_assigner.supervisor.timer import Timed
from ppa_assigner.views import AssignRequest, Snapshot
from tests.memory import START

from .site import Shell, Site
from .stage import parsed
from .world import SERIALS, World

OLD_S = 400.0  # longer than anything that is counted backwards
NEVER = 10**9
SOON = 1000  # keeps relative numbers away from 0 and below, whose hashes collide

NAMED = {"token", "lease", "nonce", "cleaner", "url"}
LEFT_OUT: dict[type, set[str]] = {
    WorkerState: {"ppa", "pool", "options", "daemon", "seed", "draws", "seen", "parsed", "unchanged", "heard_at"},
    Moment: {"date"},
    CleanProgress: {"step", "seen", "left"},
    Entry: {"etag", "url", "displayname", "publish", "build_debug_symbols", "publish_debug_symbols"},
    Unavailable: {"reason"}, Unknown: {"reason"}, Gone: {"reason"}, AccessDenied: {"reason"},
    AssignRequest: {"owner", "pool", "ticket", "note", "idle", "ppa", "sources"},
    Asked: {"number", "assign"},
    Call: {"timers"},
    Claim: {"timed"},
    Timed: {"number"},
}  # fmt: skip
ORDERS = (Order, Withdrawal)


class Former:
    """Makes the form of one part of a world at one moment."""

    def __init__(self, boot: float, epoch: float) -> None:
        self.boot, self.epoch = boot, epoch
        self.begun = 0
        self.names: list[Any] = []
        self.times: list[float] = []
        self.met: dict[int, int] = {}

    # -- what is relative ----------------------------------------------------------------------------------------------

    def time(self, moment: float) -> int:
        """A boot time: its second, here; its place among all of them, when all are known."""
        if moment in (inf, -inf):
            return NEVER if moment > 0 else -NEVER
        since = max(-OLD_S, moment - self.boot)
        self.times.append(since)
        return SOON + floor(since)

    def order(self) -> tuple[int, ...]:
        """Which time comes before which."""
        places = {moment: place for place, moment in enumerate(sorted(set(self.times)))}
        return tuple([places[moment] for moment in self.times])

    def date(self, moment: datetime) -> int:
        """A time by Launchpad's clock."""
        return SOON + max(-int(OLD_S), floor(moment.timestamp() - self.epoch))

    def round(self, number: int) -> int:
        """A round of looks, counted from the last one that began."""
        return SOON + number - self.begun

    def name(self, name: Any) -> Any:
        """Something that was drawn: what stands for it is decided when all are known."""
        if name is None:
            return None
        self.names.append(name)
        return "name"

    # -- by type -------------------------------------------------------------------------------------------------------

    def of(self, value: Any) -> Any:
        """The form of anything."""
        kind = value.__class__
        return (_FORMS.get(kind) or _learn(kind))(self, value)

    def again(self, value: Any) -> int | None:
        """Which one it is, if it was met before."""
        number = self.met.get(id(value))
        if number is None:
            self.met[id(value)] = len(self.met)
        return number

    def field(self, name: str, value: Any) -> Any:
        """The form of one field of something."""
        if name in NAMED:
            return self.name(value)
        if name == "description":
            return self.of(parsed(value))
        if name == "round" and value is not None:
            return self.round(value)
        if name in ("search", "serial") and value is not None:
            return self.name(f"{name} {value}" if name == "search" else value)
        if name == "first":  # seconds since 1970
            return self.time(value - self.epoch + self.boot)
        return self.of(value)

    def record(self, record: Record) -> Any:
        """Serial, nonce, lease and cleaner are names here."""
        names = self.names
        names += (record.serial, record.nonce, record.lease or "", record.cleaner or "")
        return (
            record.state.value, self.date(record.since), self.date(record.touched),
            self.date(record.until) if record.until else None, record.request, record.attempt, record.uploader,
            record.tries, record.quarantined, record.lease is None, record.cleaner is None, record.clock,
            record.by,
        )  # fmt: skip

    def function(self, function: Any) -> Any:
        """What is to be called, with what it holds."""
        if isinstance(function, partial):
            return (self.function(function.func), *(self.argument(one) for one in function.args),
                    *(self.field(name, one) for name, one in function.keywords.items()))  # fmt: skip
        owner = getattr(function, "__self__", None)
        if owner is not None:
            return (function.__qualname__, self.of(owner) if isinstance(owner, ORDERS) else None)
        if (again := self.again(function)) is not None:
            return again
        cells = (cell.cell_contents for cell in function.__closure__ or ())
        return (function.__qualname__, *(self.argument(one) for one in cells))

    def argument(self, value: Any) -> Any:
        """Whole numbers and texts among what a call holds are counts and names."""
        if isinstance(value, int | str) and not isinstance(value, bool):
            return self.name(f"argument {value}")
        return self.of(value)


Form = Callable[[Former, Any], Any]


def _plain(_: Former, value: Any) -> Any:
    return value


def _dataclass(kind: type) -> Form:
    left_out = LEFT_OUT.get(kind, set())
    names = [field.name for field in dataclasses.fields(kind) if field.name not in left_out]
    mutable = not kind.__dataclass_params__.frozen  # type: ignore[attr-defined]  # what dataclasses leave there

    def form(former: Former, value: Any) -> Any:
        if mutable and (again := former.again(value)) is not None:
            return again
        return (kind.__name__, *[former.field(name, getattr(value, name)) for name in names])

    return form


def _order(former: Former, value: Any) -> Any:
    if (again := former.again(value)) is not None:
        return again
    held = {name: one for name, one in vars(value).items() if name not in ("_office", "_timed", "_shown", "_caller")}
    return (value.__class__.__name__, *[former.field(name, one) for name, one in held.items()])


def _set(former: Former, value: Any) -> Any:
    return tuple([former.of(one) for one in sorted(value, key=_place)])


def _place(one: Any) -> str:
    """An order of what has none."""
    return f"{one.wish.request_id} {one.wish.attempt}" if isinstance(one, Asked | Call) else str(one)


def _future(former: Former, future: Any) -> Any:
    if not future.done():
        return "open"
    error = future.exception(0)
    return error.kind.value if isinstance(error, Problem) else former.of(future.result(0))


def _entry(former: Former, entry: Entry) -> Any:
    return ("Entry", former.of(parsed(entry.description)), former.of(entry.moment))


def _mapping(former: Former, value: Any) -> Any:
    return tuple((former.of(key), former.of(one)) for key, one in value.items())


_FORMS: dict[type, Form] = {
    **dict.fromkeys((type(None), bool, int, str), _plain),
    float: lambda former, value: former.time(value),
    type: lambda _, value: value.__name__,
    datetime: lambda former, value: former.date(value),
    Reference: lambda _, value: value.name,
    Record: lambda former, value: former.record(value),
    Snapshot: lambda former, value: (value.condition.value, former.of(value.record)),
    Future: _future,
    Entry: _entry,
    frozenset: _set,
    set: _set,
    **dict.fromkeys((dict, OrderedDict), _mapping),
    partial: lambda former, value: former.function(value),
}


def _learn(kind: type) -> Form:
    form: Form
    if issubclass(kind, enum.Enum):
        form = lambda _, value: value.name  # noqa: E731 - one of several
    elif issubclass(kind, tuple | list):
        form = lambda former, value: tuple([former.of(one) for one in value])  # noqa: E731
    elif issubclass(kind, ORDERS):
        form = _order
    elif dataclasses.is_dataclass(kind):
        form = _dataclass(kind)
    elif kind in (types.FunctionType, types.MethodType):
        form = lambda former, value: former.function(value)  # noqa: E731
    else:
        form = lambda *_: kind.__name__  # noqa: E731 - one of the supervisor's parts, of which there is one each
    _FORMS[kind] = form
    return form


# -- a daemon, and everything ------------------------------------------------------------------------------------------


def _of_site(site: Site, boot: float, epoch: float) -> tuple[Any, list[Any]]:
    """Its form at this moment, and the names in it."""
    if site.form is not None and site.form[0] == boot:
        return site.form[1]  # type: ignore[no-any-return]  # what was put there below
    former = Former(boot, epoch)
    held = (_of_supervisor(former, site), _of_shells(former, site), _of_calls(former, site))
    form = (held, former.order())
    site.form = (boot, (hash(form), former.names))
    return hash(form), former.names


def _of_supervisor(former: Former, site: Site) -> Any:
    office, supervisor = site.supervisor._office, site.supervisor
    rounds = office.rounds
    former.begun = rounds.begun
    former.name(supervisor._serving._daemon.cleaner)
    return (
        office.ready,
        *(_held(former, part) for part in (*_parts(supervisor._assigning), supervisor._twins, office.releases)),
        tuple((former.name(f"argument {token}"), ppa.name, former.function(on))
              for token, (ppa, on) in office._expected.items()),
        tuple((former.round(n), _set(former, r.pending), _set(former, r.failed)) for n, r in rounds._rounds.items()),
        tuple((former.round(n), *map(former.function, waiters)) for n, waiters in sorted(rounds._waiters.items())),
        tuple((former.time(one.moment), former.function(one.call))
              for one in sorted(site.timer._heap) if one.call is not None),
        former.time(site.next_look), site.wanted, _of_clock(former, site),
        (former.round(site.looking[0]), len(site.looking[1])) if site.looking is not None else None,
        former.of(site.seen),
    )  # fmt: skip


def _of_clock(former: Former, site: Site) -> Any:
    """What it makes of the answers to come.  Where no clock lies, a look for what came since a date finds the same as
    one for whatever there is: since when the clocks were watched makes no difference.
    """
    clock = site.supervisor._office.clock
    now, watch = clock.now(), clock._agreement
    start = None if now.trusted else (clock._start._count, former.time(clock._start._first))
    if not site.lies:
        return clock._offset.offset is None, start
    dates = [shell.known.record.since for shell in site.shells.values() if shell.known.record is not None]
    watched = tuple(now.agreeing_since is not None and date >= now.date_of(now.agreeing_since) for date in dates)
    carried = (now.carried - now.date).total_seconds() if now.carried is not None else None
    return (
        clock._offset.offset is None, start, (now.date - now.latest).total_seconds(), now.agreed, watched,
        watch.since is not None and former.time(watch.since), former.time(watch._last), carried,
    )  # fmt: skip


def _parts(assigning: Any) -> list[Any]:
    own = (part for part in vars(assigning).values() if part.__class__.__module__.startswith("ppa_assigner.supervisor"))
    return [assigning, *(part for part in own if not isinstance(part, Office))]


def _held(former: Former, part: Any) -> Any:
    """All that a part of the supervisor keeps; parts of its own it has are found by what is in them."""
    kept = ((name, one) for name, one in vars(part).items() if name != "_pools")
    return tuple([former.of(one) for _, one in kept if isinstance(one, dict | set | list)])


def _of_shells(former: Former, site: Site) -> Any:
    return tuple(_of_shell(former, shell) for shell in site.shells.values())


def _of_shell(former: Former, shell: Shell) -> Any:
    return (
        former.of(shell.known), former.of(shell.mail), former.of(shell.ask), former.of(shell.answer), shell.stalled,
        _of_silence(former, shell.known),
    )  # fmt: skip


def _of_silence(former: Former, known: WorkerState) -> Any:
    """When its cleaner is touched next; of another's, when it counts as silent."""
    record = known.record
    if record is None or record.state is not State.DIRTY:
        return None
    ours = known.daemon.may_clean_after(record.cleaner)
    return former.time(known.unchanged if ours else max(known.unchanged, known.heard_at))


def _of_calls(former: Former, site: Site) -> Any:
    return (
        former.of(site.calls),
        former.of(site.deserted),
        tuple((number, _future(former, one)) for number, one in site.releases.items()),
    )


def form_of(world: World) -> int:
    """Equal for worlds that are the same but for what was drawn and when it is."""
    launchpad = world.launchpad
    epoch = START.timestamp() + world.base - launchpad.started
    former = Former(world.base, epoch)
    standing: dict[int, int] = {}
    rest: list[Any] = []
    for ppa, archive in launchpad.archives.items():
        text: Text = parsed(archive.description)
        if text.record is not None:
            standing[text.record.serial // SERIALS] = text.record.serial
        items = tuple((former.name(i.publication.url), i.active, former.date(i.created)) for i in archive.items)
        rest.append(
            (
                former.of(text),
                items,
                tuple(archive.uploaders),
                former.of(launchpad.content_seen.get(ppa)),
                former.of(launchpad.empty_seen.get(ppa)),
                former.of(launchpad.veils.get(ppa)),
                tuple(former.of(parsed(one)) for one in launchpad.texts.get(ppa, ())),
            )
        )
    rest += [former.of(world.clients), former.of(world.told), former.of(world.late), world.budget, launchpad.skew]
    names = former.names
    for site in world.sites:
        form, more = _of_site(site, world.base, epoch) if site is not None else (0, [])
        rest.append(form)
        names = names + more
    return hash((tuple(rest), _renamed(names, standing)))


def _renamed(names: list[Any], standing: dict[int, int]) -> tuple[Any, ...]:
    seen: dict[str, int] = {}
    return tuple([
        name - standing.get(name // SERIALS, 0) + SOON if name.__class__ is int else seen.setdefault(name, len(seen))
        for name in names
    ])  # fmt: skip
