"""Warnings about a valid configuration that may not be what was meant; and what a reload cannot change.

Rule: nothing here makes a configuration invalid.  Each finding is one sentence that says what to do.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from ..access import ClientConfig, Role
from ..times import exactly
from .addresses import is_local
from .settings import SOCKET_MODE, Listen, Settings

GITHUB = "https://token.actions.githubusercontent.com"
GITHUB_IDS = {"repository_id", "repository_owner_id", "enterprise_id"}
"""Claims of its tokens that are never another's."""
_OTHERS = stat.S_IWOTH  # what connecting to a Unix socket needs


def find_warnings(settings: Settings) -> list[str]:
    """What is dangerous or has no effect, one sentence each."""
    return [*_exposure(settings), *_clients(settings), *_secrets(settings), *_clock(settings), *_pools(settings)]


def needing_restart(running: Settings, wanted: Settings) -> list[str]:
    """The names of the options that differ and that only a new process takes up."""
    pairs: Mapping[str, tuple[object, object]] = {
        "api.listen": (str(running.api.listen), str(wanted.api.listen)),
        "api.socket": (_file(running.api.listen), _file(wanted.api.listen)),
        "api.tls": (running.api.tls is None, wanted.api.tls is None),
        "launchpad": (running.launchpad, wanted.launchpad),
        "name": (running.name, wanted.name),
    }
    return [name for name, (old, new) in pairs.items() if old != new]


def _file(where: Listen) -> tuple[int, str | None]:
    return where.mode, where.group


def _exposure(settings: Settings) -> Iterator[str]:
    where, api = settings.api.listen, settings.api
    if not is_local(where) and api.tls is None:
        yield f"api.listen: tokens come to {where} in the clear; set api.tls, or listen locally behind a reverse proxy"
    if where.path is None and _file(where) != (SOCKET_MODE, None):
        yield f"api.socket: is for a Unix socket, which {where} is not"
    if where.path is not None and where.mode & _OTHERS and not api.clients:
        yield f"api.socket.mode: everybody on this host is operator with {where.mode:o}; write 660, or add api.clients"


def _clients(settings: Settings) -> Iterator[str]:
    clients = settings.api.clients
    if clients and not any(client.role is Role.OPERATOR or client.role_claim for client in clients):
        yield "api.clients: nobody is operator, so nobody can adopt, hold or quarantine a PPA; give one role: operator"
    if clients and settings.api.promote_to:
        yield "api.promote_to: there are clients, and it counts for none of them; give it to those that may promote"
    for client in clients:
        if client.role is Role.OPERATOR and client.owners:
            yield f"api.clients: {client.name} is operator and may act on every PPA; owners adds nothing"
        yield from _jobs(client)


def _jobs(client: ClientConfig) -> Iterator[str]:
    """Whether jobs that are known by tokens of an issuer are kept apart, and are those that are meant."""
    place, rules = f"api.clients: {client.name}", client.oidc
    if rules is None:
        return
    if client.owner is None:
        yield f"{place} has no owner, so its jobs may end each other's leases; make it of claims: {{repository}}/…"
    if client.request is None:
        yield f"{place} has no request, so its jobs may share a lease by one request id; make it of claims of a job"
    if rules.issuer == GITHUB and not {rule.name for rule in rules.claims} & GITHUB_IDS:
        yield f"{place} trusts names, which others may take once they are given up; name repository_id in its claims"


def _secrets(settings: Settings) -> Iterator[str]:
    launchpad = settings.launchpad
    service = urlsplit(launchpad.service)
    if service.scheme == "http" and not is_local(Listen(service.hostname, service.port)):
        yield f"launchpad.service: credentials go to {launchpad.service} in the clear; write https"
    if (file := launchpad.credentials) is not None and _readable_by_all(file):
        yield f"launchpad.credentials: everybody on this host can read {file}; run chmod 600 on it"
    if (tls := settings.api.tls) is not None and _readable_by_all(tls.key):
        yield f"api.tls.key: everybody on this host can read {tls.key}; run chmod 600 on it"


def _clock(settings: Settings) -> Iterator[str]:
    """Whether looks are too rare for Launchpad's clock alone: it is trusted after responses without a pause of more
    than a third of that time.
    """
    launchpad = settings.launchpad
    if launchpad.look_every > (most := launchpad.clock_alone_after / 3):
        yield (
            f"launchpad.look_every: is longer than a third of clock_alone_after ({most:g} s), so while this host's "
            "clock is wrong no lease ends by time; lower it, or raise clock_alone_after"
        )


def _readable_by_all(file: Path) -> bool:
    try:
        return bool(file.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def _pools(settings: Settings) -> Iterator[str]:
    yield from _looks(settings)
    for pool in settings.pools.values():
        place, options = f"pools.{pool.name}", pool.options
        if options.verify_age is None:
            yield f"{place}.verify_age: free PPAs are never looked at again before they are lent; write 0 or an age"
        if options.grant_upload and options.baseline.uploaders is None:
            yield f"{place}.grant_upload: rights that others gave stay; list baseline.uploaders to take them away"


def _looks(settings: Settings) -> Iterator[str]:
    every, pools = settings.launchpad.look_every, settings.pools.values()
    if short := [pool for pool in pools if pool.options.settle < every]:
        shortest = min(short, key=lambda pool: pool.options.settle)
        yield (
            f"launchpad.look_every: {exactly(every)} is longer than the settle of pool {shortest.name} "
            f"({exactly(shortest.options.settle)}): a lease may end and be clean again between two looks, and another "
            f"daemon then counts its old ticket; write {exactly(shortest.options.settle)} or less"
        )
