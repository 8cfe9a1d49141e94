"""What `doctor` looks at on this host: files, systemd, and the daemon that may run here.

Rule: starts nothing: a socket whose service systemd has stopped is not connected to.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from .findings import Finding, bad, few, good, note, warning

if TYPE_CHECKING:
    from ...client.transport import ApiResponse
    from ...config import Settings

SERVICE, SOCKET = "ppa-assigner.service", "ppa-assigner.socket"
BOOTED = Path("/run/systemd/system")  # sd_booted(3)
SYSTEMCTL_S, DAEMON_S = 10.0, 5.0
_PROPERTIES = "Id,LoadState,ActiveState,UnitFileState,NeedDaemonReload,Type"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
CERTIFICATES = "PPA_ASSIGNER_CA names those to trust; one for another name than this serves clients that use that name"
OTHER = "give one of the two another api.listen"
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}


def configuration(path: Path, settings: Settings) -> Finding:
    """The finding that the configuration could be read, and what it has."""
    ppas = sum(len(pool.ppas) for pool in settings.pools.values())
    retired = f", {len(settings.retire)} retired" if settings.retire else ""
    pools = ", ".join(settings.pools)
    return good("configuration", f"{path}: {ppas} PPAs{retired}; pools: {pools}; this daemon is {settings.name}")


def access(settings: Settings) -> Iterator[Finding]:
    """A finding if everybody who reaches the daemon may call it."""
    if not settings.api.clients:
        what = f"no clients: everybody who reaches {settings.api.listen} is operator"
        yield note("access", what, "list api.clients before other hosts, or a proxy, may reach it")


def issuers(settings: Settings) -> Iterator[Finding]:
    """Whether the keys can be read of the issuers whose tokens let clients in."""
    from ...issuer_http import IssuerAwayError, read_keys

    trusted = {client.oidc.issuer: client.oidc.ca_file for client in settings.api.clients if client.oidc is not None}
    for issuer, ca_file in trusted.items():
        try:
            keys = read_keys(issuer, ca_file)
        except IssuerAwayError as error:
            what = f"the keys of {issuer} cannot be read: {error}"
            yield bad("access", what, "until they can, its jobs are told to come back (503)", os.EX_UNAVAILABLE)
        else:
            yield good("access", f"{issuer}: {len(keys)} keys, by which tokens of jobs are verified")


# -- credentials --------------------------------------------------------------------------------------------------


def credentials(settings: Settings) -> Iterator[Finding]:
    """Whether the credentials' file is there, is readable for its owner only, and has credentials in it."""
    from ...config import credentials_path
    from ...launchpad import CredentialsError, load_credentials

    path = credentials_path(settings)
    try:
        load_credentials(path)
        mode = stat.S_IMODE(path.stat().st_mode)
    except (CredentialsError, OSError) as error:
        todo = f"do as it says, or ppa-assigner login --force --output {path}"
        yield bad("credentials", str(error), todo, os.EX_CONFIG)
        return
    if mode & _OTHERS:
        yield warning("credentials", f"{path}: others may read it (mode {mode:04o})", f"chmod 600 {path}")
    else:
        yield good("credentials", f"{path}: ours alone (mode {mode:04o})")


# -- systemd ------------------------------------------------------------------------------------------------------


def units(booted: Path = BOOTED) -> Iterator[Finding]:
    """How the service and its socket are, where systemd runs."""
    known = _known_units(booted)
    if known is None:
        yield note("systemd", "does not run here")
    elif isinstance(known, str):
        yield warning("systemd", known, "systemctl status ppa-assigner")
    elif all(unit.get("LoadState") == "not-found" for unit in known.values()):
        yield note("systemd", "the service is not installed here", f"for it: {_printed(SERVICE)}, and {SOCKET}")
    else:
        yield from _service(known)


def stopped(booted: Path = BOOTED) -> bool:
    """Whether systemd knows the service, and it does not run."""
    known = _known_units(booted)
    service = known.get(SERVICE, {}) if isinstance(known, dict) else {}
    return service.get("LoadState") == "loaded" and service.get("ActiveState") in ("inactive", "failed")


def _known_units(booted: Path) -> dict[str, dict[str, str]] | str | None:
    """Properties by unit; why they are not known; None without systemd."""
    if not booted.is_dir() or shutil.which("systemctl") is None:
        return None
    command = ["systemctl", "show", f"--property={_PROPERTIES}", SERVICE, SOCKET]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SYSTEMCTL_S, check=False)  # noqa: S603 - no word of it is from outside
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"systemctl does not answer: {error}"
    if done.returncode != 0:
        return f"systemctl says: {done.stderr.strip()}"
    blocks = (dict(line.partition("=")[::2] for line in block.splitlines()) for block in done.stdout.split("\n\n"))
    return {block.get("Id", ""): block for block in blocks}


def _service(known: Mapping[str, Mapping[str, str]]) -> Iterator[Finding]:
    service, socket = known.get(SERVICE, {}), known.get(SOCKET, {})
    for unit, name in ((service, SERVICE), (socket, SOCKET)):
        if finding := _wrong(unit, name):
            yield finding
    if service.get("Type") not in (None, "", "notify"):
        yield warning("systemd", f"{SERVICE} is not Type=notify", f"{_printed(SERVICE)}; change it by drop-ins only")
    if service.get("ActiveState") == "active":
        yield good("systemd", f"{SERVICE} is active, its socket {socket.get('ActiveState')}")


def _printed(name: str) -> str:
    """The command that installs a unit, as it came with the program."""
    return f"ppa-assigner init --print {name} > /etc/systemd/system/{name}"


def _wrong(unit: Mapping[str, str], name: str) -> Finding | None:
    state = unit.get("ActiveState")
    if unit.get("LoadState") != "loaded":
        return warning("systemd", f"{name} is {unit.get('LoadState')}", f"{_printed(name)} and systemctl daemon-reload")
    if unit.get("NeedDaemonReload") == "yes":
        return warning("systemd", f"{name} was changed since it was loaded", "systemctl daemon-reload")
    if state == "failed":
        return bad("systemd", f"{name} has failed", f"journalctl -u {name} says why", os.EX_UNAVAILABLE)
    if state == "inactive":
        return warning("systemd", f"{name} is stopped", f"systemctl start {name}")
    if unit.get("UnitFileState") == "disabled":
        return warning("systemd", f"{name} is not started at boot", f"systemctl enable {name}")
    return None


# -- the daemon ---------------------------------------------------------------------------------------------------


def daemon(settings: Settings) -> Finding:
    """Whether it runs where the configuration says, is the one of this configuration, and is ready."""
    from ...client.errors import Obstacle, Unavailable
    from ...client.transport import ApiTransport

    url = address(settings)
    transport = ApiTransport(url, _token(settings), os.environ.get("PPA_ASSIGNER_CA") or None)
    try:
        ready = transport.send("GET", "/readyz", None, read=DAEMON_S)
        ppas = transport.send("GET", "/v1/ppas", None, read=DAEMON_S)
    except Unavailable as error:
        if error.obstacle is Obstacle.NOBODY:
            return note("daemon", f"none runs here ({error})")
        if error.obstacle is Obstacle.CERTIFICATE:
            return note("daemon", f"answers, but not as one that is trusted here ({error})", CERTIFICATES)
        return bad("daemon", f"does not answer ({error})", "is another program at this address?", os.EX_UNAVAILABLE)
    finally:
        transport.close()
    return _unready(url, ready) or _other(url, settings, ppas) or _ready(url, ready, ppas)


def _token(settings: Settings) -> str | None:
    """The environment's, if this configuration knows it: no other daemon is shown it otherwise."""
    token = os.environ.get("PPA_ASSIGNER_TOKEN", "").strip()
    digest = hashlib.sha256(token.encode(errors="surrogateescape")).hexdigest()
    return token if any(client.token_sha256 == digest for client in settings.api.clients) else None


def _other(url: str, settings: Settings, ppas: ApiResponse) -> Finding | None:
    """A finding if what answers is not the daemon of this configuration."""
    problem = str(ppas.document.get("type", ""))
    if ppas.status == HTTPStatus.UNAUTHORIZED and problem.endswith("unauthorized"):
        if settings.api.clients:
            return None
        what = f"{url}: is another's: it wants a token, and this configuration has no clients"
        return bad("daemon", what, OTHER, os.EX_UNAVAILABLE)
    if ppas.status in _BUSY:
        return None
    served = _served(ppas)
    if served is None:
        return bad("daemon", f"{url}: what answers there is not a PPA assigner", OTHER, os.EX_UNAVAILABLE)
    wanted = {str(ppa) for pool in settings.pools.values() for ppa in pool.ppas} | {*map(str, settings.retire)}
    lacking = sorted(wanted - served)
    if wanted and len(lacking) == len(wanted):
        return bad("daemon", f"{url}: is another's, it serves none of these PPAs", OTHER, os.EX_UNAVAILABLE)
    if lacking:
        what = f"{url}: does not serve {few(lacking)}"
        return warning("daemon", what, f"reload it, if it is the one of this configuration; if not, {OTHER}")
    return None


def _served(ppas: ApiResponse) -> set[str] | None:
    items = ppas.document.get("items")
    if ppas.status != HTTPStatus.OK or not isinstance(items, list):
        return None
    return {str(item.get("ppa")) for item in items if isinstance(item, dict)}


def _unready(url: str, ready: ApiResponse) -> Finding | None:
    if ready.status == HTTPStatus.OK:
        return None
    what = ready.document.get("detail") or f"it answers {ready.status}"
    return bad("daemon", f"{url}: not ready: {what}", "its log has more; it goes on by itself", os.EX_UNAVAILABLE)


def _ready(url: str, ready: ApiResponse, ppas: ApiResponse) -> Finding:
    """The finding about a daemon that is ready and, as far as is known, the one of this configuration."""
    launchpad = ready.document.get("launchpad")
    if isinstance(launchpad, dict) and launchpad.get("ok") is False:  # one of an older version says nothing of it
        what = f"{url}: Launchpad is away for it since {launchpad.get('since')}: {launchpad.get('why')}"
        return bad(
            "daemon", what, "it goes on by itself, but for new credentials: those need a restart", os.EX_UNAVAILABLE
        )
    if ppas.status == HTTPStatus.OK:
        return good("daemon", f"{url}: ready, and serves these PPAs")
    what = f"{url}: ready; which PPAs it serves is not shown without a token"
    return note("daemon", what, "set PPA_ASSIGNER_TOKEN to see whether it is the daemon of this configuration")


def address(settings: Settings) -> str:
    """The URL at which clients on this host find the daemon."""
    listen = settings.api.listen
    if listen.path is not None:
        return f"unix:{listen.path}"
    host = _EVERYWHERE.get(listen.host or "", listen.host or "")
    scheme = "https" if settings.api.tls is not None else "http"
    return f"{scheme}://[{host}]:{listen.port}" if ":" in host else f"{scheme}://{host}:{listen.port}"
