"""What `doctor` looks at on Launchpad: service, credentials, clock, and each PPA with its record.

Rule: reads only, a few requests however many PPAs there are; after the first request that is not answered nothing more
is asked.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...automaton.now import AGREE_S
from ...port import Done, Refused, Unavailable
from .findings import Finding, bad, few, good, note, warning
from .records import records

if TYPE_CHECKING:
    from ...config import Pool, Settings
    from ...launchpad import Timeouts
    from ...launchpad.account import AccountClient, ListedPPA, PPAListing
    from ...reference import Reference

CONNECT_S, READ_S, TOTAL_S = 5.0, 15.0, 20.0
READ_ALONE = 10
"""The most PPAs missing from a listing that are read one by one: a paged listing is not a snapshot."""
PRIVATE_LEVEL = "grant Change Anything (WRITE_PRIVATE): ppa-assigner login --level WRITE_PRIVATE"
PUBLIC_LEVEL = "log in again and grant Change Non-Private Data: ppa-assigner login --level WRITE_PUBLIC"
LISTS = "correct the list, create it on Launchpad, or set create: true"

Silence = Refused | Unavailable
SAYS_NO = (401, 403, 404, 410)
"""Answers all the same: what was asked about is not there, or not for us."""


class SilentError(Exception):
    """Launchpad did not answer: there is nothing more to ask."""


def examined(settings: Settings) -> Iterator[Finding]:
    """All findings about Launchpad, one after the other."""
    from ...config import credentials_path
    from ...launchpad import CredentialsError, InsecureEnvironment, cache_directory, load_credentials
    from ...launchpad.account import AccountClient

    launchpad = settings.launchpad
    try:
        examiner = AccountClient(
            credentials=load_credentials(credentials_path(settings)),
            service_root=launchpad.service,
            version=launchpad.version,
            timeouts=_timeouts(settings),
            connections=launchpad.connections,
            cache_dir=cache_directory(),
            archive_root=launchpad.archive_root,
        )
    except CredentialsError:
        return  # told already
    except (InsecureEnvironment, ValueError) as error:
        yield bad("launchpad", str(error), "correct the environment of the daemon", os.EX_CONFIG)
        return
    with closing(examiner):
        try:
            yield from _examined(examiner, settings)
        except SilentError as silence:
            yield bad("launchpad", f"does not answer any more: {silence}", "try again later", os.EX_UNAVAILABLE)


def _timeouts(settings: Settings) -> Timeouts:
    from ...launchpad import Timeouts

    launchpad = settings.launchpad
    return Timeouts(min(CONNECT_S, launchpad.connect), min(READ_S, launchpad.read), min(TOTAL_S, launchpad.total))


def _examined(examiner: AccountClient, settings: Settings) -> Iterator[Finding]:
    from ...launchpad import NotAuthorised, ServiceUnavailable

    service, way = settings.launchpad.service, _way(settings.launchpad.service)
    try:
        examiner.connect()
    except ServiceUnavailable as error:
        todo = "is the network, the name, the proxy or a certificate wrong, or Launchpad down?"
        yield bad("launchpad", f"{service}{way} does not answer: {error}", todo, os.EX_UNAVAILABLE)
        return
    except NotAuthorised as error:
        yield bad("account", f"{error}", "ppa-assigner login makes new credentials", os.EX_NOPERM)
        return
    yield good("launchpad", f"{service}{way} answers")
    me = examiner.me()
    if isinstance(me, Silence):
        _must_answer(me)
        yield bad("account", f"Launchpad does not say whose it is: {me.reason}", "ppa-assigner login", os.EX_NOPERM)
        return
    yield good("account", f"the credentials are those of {me}")
    yield from _ppas(examiner, settings, me)


def _way(service: str) -> str:
    """How Launchpad is reached: by which proxy, without its user and password."""
    from ...launchpad.http import proxy_for

    proxy = proxy_for(service)
    if proxy is None:
        return ""
    parts = urlsplit(proxy)
    return f" by the proxy {parts._replace(netloc=parts.netloc.rpartition('@')[2]).geturl()}"


def _must_answer(answer: object) -> None:
    """Raises SilentError for an outage."""
    if isinstance(answer, Unavailable) and answer.status not in SAYS_NO:
        raise SilentError(answer.reason)


# -- PPAs ---------------------------------------------------------------------------------------------------------


def _ppas(examiner: AccountClient, settings: Settings, me: str) -> Iterator[Finding]:
    owners, pools = _by_owner(settings), _pool_of(settings)
    found: dict[Reference, ListedPPA] = {}
    clock = False
    for owner, ppas in owners.items():
        listing = examiner.ppas(owner)
        if isinstance(listing, Silence):
            _must_answer(listing)
            yield bad("ppas", f"~{owner}: there is no such owner for us: {listing.reason}", LISTS, os.EX_CONFIG)
            continue
        if not clock:
            yield _clock(listing)
            clock = True
        shown = _known(examiner, listing, ppas)
        found |= shown
        yield from _absent(examiner, owner, [ppa for ppa in ppas if ppa not in shown], pools, me)
        yield from _rights(examiner, owner, list(shown.values()), me)
        yield from _growing(examiner, settings, owner, me)
    yield from _settings(found, pools)
    yield from records(found.values(), settings)


def _by_owner(settings: Settings) -> dict[str, list[Reference]]:
    owners: dict[str, list[Reference]] = {}
    for ppa in (*(ppa for pool in settings.pools.values() for ppa in pool.ppas), *settings.retire):
        owners.setdefault(ppa.owner, []).append(ppa)
    for pool in settings.pools.values():
        for name in pool.options.grow.names if pool.options.grow is not None else ():
            owners.setdefault(name.owner, [])
    return owners


def _growing(examiner: AccountClient, settings: Settings, owner: str, me: str) -> Iterator[Finding]:
    """Whether the pools that grow by PPAs of this owner can."""
    pools = [
        pool.name
        for pool in settings.pools.values()
        if pool.options.grow is not None and any(name.owner == owner for name in pool.options.grow.names)
    ]
    if not pools:
        return
    which = f"pool {', '.join(pools)}"
    may = f"~{owner}" == me or _may_create(examiner, owner, me)
    if may:
        yield good("growth", f"{which} can grow: {me} may create PPAs of ~{owner}")
    else:
        says = f"{me} is neither" if may is False else f"Launchpad does not say whether {me} is one"
        what = f"{which} cannot grow: only owner and administrators of ~{owner} may create PPAs; {says}"
        yield warning("growth", what, f"make sure that {me} is an administrator of ~{owner}")


def _pool_of(settings: Settings) -> dict[Reference, Pool]:
    return {ppa: pool for pool in settings.pools.values() for ppa in pool.ppas}


def _clock(listing: PPAListing) -> Finding:
    """One of the two witnesses of the time: while they disagree no lease ends by it."""
    ahead = (datetime.now(UTC) - listing.moment.date).total_seconds()
    if abs(ahead) <= AGREE_S:
        return good("clock", f"within {max(2, round(abs(ahead)) + 1)} s of Launchpad's")
    way = "ahead of" if ahead > 0 else "behind"
    why = "until Launchpad's has gone on steadily for launchpad.clock_alone_after no lease ends by time"
    return warning("clock", f"{abs(ahead):.0f} s {way} Launchpad's; {why}", "set up NTP")


def _known(examiner: AccountClient, listing: PPAListing, ppas: list[Reference]) -> dict[Reference, ListedPPA]:
    """The PPAs that Launchpad shows as Active."""
    found = {ppa: listing.ppas[ppa] for ppa in ppas if ppa in listing.ppas}
    for ppa in [ppa for ppa in ppas if ppa not in found][:READ_ALONE]:
        alone = examiner.ppa(ppa)
        _must_answer(alone)
        if not isinstance(alone, Silence):
            found[ppa] = alone
    return {ppa: shown for ppa, shown in found.items() if shown.active}


def _absent(
    examiner: AccountClient, owner: str, absent: list[Reference], pools: Mapping[Reference, Pool], me: str
) -> Iterator[Finding]:
    """The findings about PPAs that are in the configuration, and that Launchpad does not show."""
    to_create = [ppa for ppa in absent if ppa in pools and pools[ppa].options.create]
    missing = [ppa for ppa in absent if ppa not in to_create]
    if missing:
        what = f"{few(missing)}: not there, deleted, or not shown to {me}"
        yield bad("ppas", what, LISTS, os.EX_CONFIG)
    if not to_create:
        return
    may = f"~{owner}" == me or _may_create(examiner, owner, me)
    if may:
        yield good("ppas", f"{few(to_create)}: not there, the daemon will create it")
    else:
        says = f"{me} is neither" if may is False else f"Launchpad does not say whether {me} is one"
        what = f"{few(to_create)}: not there, to be created, which owner and administrators of ~{owner} may; {says}"
        yield warning("ppas", what, f"make sure that {me} is an administrator of ~{owner}, or create it")


def _may_create(examiner: AccountClient, owner: str, me: str) -> bool | None:
    """Whether we may make PPAs of a team: more than its members may
    (docs/explanation/launchpad.md#new-ppas).  A team that owns or administers it stands for its own members.
    None: not told.
    """
    owned_by, admins, teams = examiner.owner_of(owner), examiner.administrators(owner), examiner.teams(me)
    for answer in (owned_by, admins, teams):
        _must_answer(answer)
    if isinstance(owned_by, Silence) or isinstance(admins, Silence) or isinstance(teams, Silence):
        return None
    return bool({me, *teams} & {owned_by, *admins})


# -- rights -------------------------------------------------------------------------------------------------------


def _rights(examiner: AccountClient, owner: str, shown: list[ListedPPA], me: str) -> Iterator[Finding]:
    """Who may write to one public PPA of an owner may write to all; for private ones the token needs more."""
    for kind, ppas in (
        ("public", [one for one in shown if not one.private]),
        ("private", [one for one in shown if one.private]),
    ):
        if ppas:
            answer = examiner.may_edit(ppas[0])
            _must_answer(answer)
            if isinstance(answer, Done):
                yield good("rights", f"{me} may write to the {len(ppas)} {kind} PPAs of ~{owner}")
            elif isinstance(answer, Refused):
                what = f"Launchpad does not say whether {me} may write to {few([one.ppa for one in ppas])}"
                yield warning("rights", f"{what}: {answer.reason}", f"make sure that it is a member of ~{owner}")
            else:
                todo = _remedy(examiner, owner, kind, me)
                what = f"{me} may not write to {few([one.ppa for one in ppas])}"
                yield bad("rights", what, todo, os.EX_NOPERM)


def _remedy(examiner: AccountClient, owner: str, kind: str, me: str) -> str:
    """A member is lacking access in the token, anybody else membership."""
    teams = examiner.teams(me)
    level = PRIVATE_LEVEL if kind == "private" else PUBLIC_LEVEL
    if isinstance(teams, Silence):
        return f"have {me} join ~{owner}; if it is a member, {level}"
    if f"~{owner}" in teams or f"~{owner}" == me:
        return f"{me} is a member of ~{owner}, so its token lacks access: {level}"
    return f"{me} is not a member of ~{owner}: have an administrator of that team add it"


# -- settings that stand in the way -------------------------------------------------------------------------------


def _settings(found: Mapping[Reference, ListedPPA], pools: Mapping[Reference, Pool]) -> Iterator[Finding]:
    from ...options import Proof

    unpublished = [ppa for ppa, one in found.items() if not one.publish]
    if unpublished:
        what = f"{few(unpublished)}: publishing is off, so that nothing deleted ever leaves indexes and disk"
        yield warning("settings", what, "switch it on on its +edit page, or by the pool's baseline: {publish: true}")
    by_index = [ppa for ppa, pool in pools.items() if pool.options.proof is Proof.INDEX]
    unseen = [ppa for ppa in by_index if ppa in found and found[ppa].private]
    if unseen:
        what = f"{few(unseen)}: private, and nobody is shown the indexes that proof: index reads"
        yield warning("settings", what, "proof: active or proof: disk is for private PPAs")
    quotas = Counter(one.quota for one in found.values() if one.readable)
    if quotas:
        sizes = ", ".join(f"{count} x {'none' if mib is None else f'{mib} MiB'}" for mib, count in quotas.items())
        yield note("quota", f"{sizes}; how much is used Launchpad does not tell", _QUOTA)


_QUOTA = "what is deleted counts until it left the disk (every 6 hours): proof: disk waits for that"
