"""The form of a world: equal for two worlds from which the same can follow.

Times count from the last time that time passed (whole seconds and their order, and what is older than `OLD_S` is just
old), serials from that of the record that
stands, names that were drawn (nonces, leases, tokens, numbers of calls) by the order in which they first appear.  What
is only shown to people, or follows from something that is in the form, is left out; what is drawn by lot for a pause is
too.
Rule: whatever is not known to be without effect stays in: then equal worlds are taken for two, which costs time only.
"""

from __future__ import annotations

import dataclasses
import enum
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime
from math import floor, inf
from typing import Any

from ppa_assigner.automaton import WorkerState
from ppa_assigner.automaton.operation import CleanProgress
from ppa_assigner.port import AccessDenied, Entry, Gone, Moment, Unavailable, Unknown
from ppa_assigner.problems import Problem
from ppa_assigner.record import Deleter, GroupClaim, Rank, Record, State, Text
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor.core import Claim, Core, OpenCall, PutOff, Releases, Unclaimed, Withdrawal
from ppa_assigner.supervisor.requests import (
    AssignCall,
    CallId,
    ClaimId,
    CommandToken,
    PendingRequest,
    RequestId,
    Requests,
    TimerId,
)
from ppa_assigner.views import AssignRequest, Snapshot
from tests.memory import START

from .site import Shell, Site
from .stage import parsed
from .world import SERIALS, World

OLD_S = 400.0  # longer than anything that is counted backwards
NEVER = 10**9
SOON = 1000  # keeps relative numbers away from 0 and below, whose hashes collide

NAMED = {"token", "lease", "nonce", "cleaner", "url", "group", "trying", "void_claim"}
LEFT_OUT: dict[type, set[str]] = {
    WorkerState: {"ppa", "pool", "options", "daemon", "seed", "draws", "seen", "parsed", "unchanged", "heard_at"},
    Moment: {"date"},
    CleanProgress: {"step", "seen", "left"},
    Entry: {"etag", "url", "displayname", "publish", "build_debug_symbols", "publish_debug_symbols"},
    Unavailable: {"reason"}, Unknown: {"reason"}, Gone: {"reason"}, AccessDenied: {"reason"},
    AssignRequest: {"owner", "pool", "ticket", "note", "idle", "ppa", "sources"},
    PendingRequest: {"number", "assign"},
    Requests: {"queue", "kept_queue", "with_sources", "of_call", "last"},
    AssignCall: {"timers"},
    Claim: {"timer"},
    Unclaimed: {"last"},
    Releases: {"last"},
    OpenCall: {"timer", "outage"},
    Withdrawal: {"timer", "outage"},
    PutOff: {"timer", "number"},
}  # fmt: skip
NUMBERS = (CallId, ClaimId, RequestId, CommandToken)


class Former:
    """Makes the form of one part of a world at one moment."""

    def __init__(self, boot: float, epoch: float) -> None:
        self.boot, self.epoch = boot, epoch
        self.begun = 0
        self.names: list[Any] = []
        self.times: list[float] = []

    # -- what is relative ----------------------------------------------------------------------------------------------

    def time(self, moment: float) -> int:
        """A boot time: its second, here; its place among all of them, when all are known."""
        if moment in (inf, -inf):
            return NEVER if moment > 0 else -NEVER
        since = max(-OLD_S, moment - self.boot)
        self.times.append(since)
        return SOON + floor(since)

    def rank(self, rank: Rank) -> Any:
        """A place in the line: when it was first asked for; however old, who comes before whom counts."""
        since = rank.key / 1000 - self.epoch
        self.times.append(since)
        return SOON + max(-int(OLD_S), floor(since)), rank.client, rank.request

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

    def record(self, record: Record) -> Any:
        """Serial, nonce, lease and cleaner are names here."""
        names = self.names
        names += (record.serial, record.nonce, record.lease or "", record.cleaner or "")
        return (
            record.state.value, self.date(record.since), self.date(record.touched),
            self.date(record.until) if record.until else None, record.request, record.attempt, record.uploader,
            record.tries, record.quarantined, record.lease is None, record.cleaner is None, record.clock,
            record.by, self.of(record.claim), self.name(record.group), self.of(record.lead), self.of(record.members),
            record.made, record.told, self.of(record.deleter), record.why is None,
        )  # fmt: skip


Form = Callable[[Former, Any], Any]


def _plain(_: Former, value: Any) -> Any:
    return value


_FIELDS: dict[str, Form] = {
    **dict.fromkeys(NAMED, lambda former, value: former.name(value)),
    "description": lambda former, value: former.of(parsed(value)),
    "round": lambda former, value: former.round(value) if value is not None else None,
    "search": lambda former, value: former.name(f"search {value}") if value is not None else None,
    "serial": lambda former, value: former.name(value),
    "first": lambda former, value: former.time(value - former.epoch + former.boot),  # seconds since 1970
}
"""The forms of fields that are not those of their types."""


def _dataclass(kind: type) -> Form:
    left_out = LEFT_OUT.get(kind, set())
    names = [field.name for field in dataclasses.fields(kind) if field.name not in left_out]
    head, fields = kind.__name__, [(name, _FIELDS.get(name, Former.of)) for name in names]

    def form(former: Former, value: Any) -> Any:
        found: list[Any] = [head]
        for name, of in fields:
            one = getattr(value, name)
            found.append(one if of is Former.of and one.__class__ in _PLAIN else of(former, one))
        return tuple(found)

    return form


def _set(former: Former, value: Any) -> Any:
    return _sequence(former, sorted(value, key=str)) if value else ()


def _entry(former: Former, entry: Entry) -> Any:
    return ("Entry", former.of(parsed(entry.description)), former.of(entry.moment))


def _mapping(former: Former, value: Any) -> Any:
    return tuple([(former.of(key), former.of(one)) for key, one in value.items()]) if value else ()


def _sequence(former: Former, value: Any) -> Any:
    return tuple([one if one.__class__ in _PLAIN else former.of(one) for one in value]) if value else ()


_PLAIN: frozenset[type] = frozenset({type(None), bool, int, str})
"""What is its own form."""
_FORMS: dict[type, Form] = {
    **dict.fromkeys(_PLAIN, _plain),
    **{kind: lambda former, value: former.name(f"{value.__class__.__name__} {value:d}") for kind in NUMBERS},
    TimerId: lambda *_: None,
    float: lambda former, value: former.time(value),
    type: lambda _, value: value.__name__,
    datetime: lambda former, value: former.date(value),
    Reference: lambda _, value: value.name,
    Record: lambda former, value: former.record(value),
    Rank: lambda former, value: former.rank(value),
    GroupClaim: lambda f, v: (f.name(v.group), v.lead.name, f.rank(v.rank), f.date(v.at)),
    Deleter: lambda former, value: (former.name(value.who), former.date(value.at)),
    Snapshot: lambda former, value: (value.condition.value, former.of(value.record), value.occupied),
    Problem: lambda _, value: value.kind.value,
    Entry: _entry,
    **dict.fromkeys((frozenset, set), _set),
    **dict.fromkeys((dict, OrderedDict), _mapping),
    **dict.fromkeys((list, deque), _sequence),
}


def _learn(kind: type) -> Form:
    form: Form
    if issubclass(kind, enum.Enum):
        form = lambda _, value: value.name  # noqa: E731 - one of several
    elif dataclasses.is_dataclass(kind):
        form = _dataclass(kind)
    elif issubclass(kind, tuple | list):
        form = _sequence
    else:
        raise TypeError(f"what is the form of {kind.__module__}.{kind.__qualname__}?")
    _FORMS[kind] = form
    return form


# -- a daemon, and everything ------------------------------------------------------------------------------------------


def _of_site(site: Site, boot: float, epoch: float) -> tuple[Any, list[Any]]:
    """Its form at this moment, and the names in it."""
    if site.form is not None and site.form[0] == boot:
        return site.form[1]  # type: ignore[no-any-return]  # what was put there below
    former = Former(boot, epoch)
    held = (_of_core(former, site), _of_shells(former, site), _of_calls(former, site))
    form = (held, former.order())
    site.form = (boot, (hash(form), former.names))
    return hash(form), former.names


def _of_core(former: Former, site: Site) -> Any:
    """What is known of PPAs follows from what their workers know; tickets and spent places only order who waits."""
    core: Core = site.core
    former.begun = core.rounds.begun
    former.name(core.daemon.cleaner)
    return (
        core.ready, former.of(core.requests), former.of(core.registry.free_list.bound), former.of(core.unclaimed),
        former.of(core.duplicates.asked), former.of(core.duplicates.marked), former.of(core.releases),
        former.of(core.calls), former.of(core.expected), _of_rounds(former, core),
        tuple([(former.time(moment), former.of(step)) for moment, step in core.timers.waiting()]),
        former.time(site.next_look), site.wanted, _of_clock(former, site),
        (former.round(site.looking.number), len(site.looking.ppas)) if site.looking is not None else None,
        former.of(site.seen), tuple((former.name(group), former.of(one)) for group, one in core.tries.items()),
        former.of(core.growths), tuple(sorted(site.names.gone)),
    )  # fmt: skip


def _of_rounds(former: Former, core: Core) -> Any:
    rounds = core.rounds
    return (
        tuple([(former.round(n), former.of(one.pending), _set(former, one.failed)) for n, one in rounds.under_way()]),
        tuple([(former.round(n), former.of(waits)) for n, waits in rounds.waiting()]),
    )


def _of_clock(former: Former, site: Site) -> Any:
    """What it makes of the answers to come.  Where no clock lies, a look for what came since a date finds the same as
    one for whatever there is: since when the clocks were watched makes no difference.
    """
    clock = site.clock
    now, seen = clock.now(), clock.evidence()
    start = None if now.trusted else (seen.answers, former.time(seen.first))
    if not site.lies:
        return not seen.answered, start
    dates = [shell.known.record.since for shell in site.shells.values() if shell.known.record is not None]
    watched = tuple(now.agreeing_since is not None and date >= now.date_of(now.agreeing_since) for date in dates)
    carried = (now.carried - now.date).total_seconds() if now.carried is not None else None
    return (
        not seen.answered, start, (now.date - now.latest).total_seconds(), now.agreed, watched,
        seen.since is not None and former.time(seen.since), former.time(seen.last), carried,
    )  # fmt: skip


def _of_shells(former: Former, site: Site) -> Any:
    return tuple((shell.ppa.name, _of_shell(former, shell)) for shell in site.shells.values())


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
    return former.of(site.calls), former.of(site.deserted), former.of(site.releases)


def form_of(world: World) -> int:
    """Equal for worlds that are the same but for what was drawn and when it is."""
    launchpad = world.launchpad
    epoch = START.timestamp() + world.base - launchpad.started
    former = Former(world.base, epoch)
    standing: dict[int, int] = {}
    rest: list[Any] = []
    for ppa, archive in sorted(launchpad.archives.items()):
        text: Text = parsed(archive.description)
        if text.record is not None:
            standing[text.record.serial // SERIALS] = text.record.serial
        items = tuple((former.name(i.publication.url), i.active, former.date(i.created)) for i in archive.items)
        rest.append(
            (
                ppa.name,
                archive.status,
                former.of(text),
                items,
                tuple(archive.uploaders),
                former.of(launchpad.content_seen.get(ppa)),
                former.of(launchpad.empty_seen.get(ppa)),
                former.of(launchpad.veils.get(ppa)),
            )
        )
    rest += [(ppa.name, tuple(former.of(parsed(one)) for one in texts)) for ppa, texts in launchpad.texts.items()]
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
