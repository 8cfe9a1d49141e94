"""From a file, and variables of the environment that replace some options, to settings.

Rule: reads, judges everything, and only then builds: either all is well or all mistakes are raised together.  A
variable is judged like the option that it stands for, and is named when it is wrong; an empty one is not set.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ..access import ClientConfig, Role
from ..identity import ClaimRule, OidcRules
from ..options import AsNew, Baseline, Grow, LineOrder, PoolOptions, Retry
from ..reference import Reference
from ..times import exactly
from . import addresses
from .checks import check
from .client_schema import ClientSection, OidcSection
from .document import Document, KeyPath
from .files import resolve
from .patterns import EXAMPLE, Pattern
from .schema import ApiSection, ConfigFile, LaunchpadSection, PoolSection, PpaSection
from .settings import ApiSettings, LaunchpadSettings, Pool, Settings, Tls
from .validation import validate
from .yaml import read_document

DEFAULT_POOL = "default"


def load(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings in this file, and in variables of the environment that replace some of them. Raises ConfigError with
    every mistake, each with its line.
    """
    document = read_document(path)
    if not isinstance(document.data, dict):
        document.check()
        wrong = "the file is empty; list the PPAs" if document.data is None else "the file expects keys at its top"
        document.report((), f"{wrong}, like {EXAMPLE}")
        document.check()
    _apply_environment(document, environ)
    file = validate(document)
    check(document, file, environ, path.parent)
    document.check()
    return _settings(file, path.parent)


def credentials_path(settings: Settings, environ: Mapping[str, str] = os.environ) -> Path:
    """The file with the Launchpad credentials: the configured one, else the one that systemd hands over.

    Raises FileNotFoundError when there is neither.
    """
    if settings.launchpad.credentials is not None:
        return settings.launchpad.credentials
    if directory := environ.get("CREDENTIALS_DIRECTORY"):
        return Path(directory) / "launchpad"
    raise FileNotFoundError("no Launchpad credentials: launchpad.credentials and $CREDENTIALS_DIRECTORY are not set")


def json_schema() -> dict[str, Any]:
    """The JSON schema of the configuration file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **ConfigFile.model_json_schema()}


def describe(settings: Settings) -> str:
    """A summary of the settings, in a few lines for people."""
    return "\n".join(_description_lines(settings))


# -- settings -----------------------------------------------------------------------------------------------------


def _settings(file: ConfigFile, folder: Path) -> Settings:
    return Settings(
        pools=MappingProxyType(dict(_pools(file))),
        retire=_expanded(file.retire),
        launchpad=_launchpad(file.launchpad, folder),
        api=_api(file.api, folder),
        name=file.name or _host_name(),
    )


def _pools(file: ConfigFile) -> Iterator[tuple[str, Pool]]:
    for name, section in file.pools.items():
        yield name, _pool(name, section.ppas, _options(section), section.labels)
    if file.ppas:
        yield DEFAULT_POOL, _pool(DEFAULT_POOL, file.ppas, PoolOptions(), {})


def _pool(name: str, items: Iterable[PpaSection], options: PoolOptions, labels: Mapping[str, str]) -> Pool:
    own: dict[Reference, Mapping[str, str]] = {}
    for item in (item for item in items if item.labels):
        own |= dict.fromkeys(item.ppa.expand(), MappingProxyType({**labels, **item.labels}))
    ppas = _expanded(item.ppa for item in items)
    return Pool(name, ppas, options, MappingProxyType(dict(labels)), MappingProxyType(own))


def _options(section: PoolSection) -> PoolOptions:
    grow = section.grow.to(Grow, names=_expanded([section.grow.names])) if section.grow is not None else None
    return section.to(
        PoolOptions,
        retry=section.retry.to(Retry),
        baseline=section.baseline.to(Baseline),
        as_new=section.as_new.to(AsNew, when=frozenset(section.as_new.when)),
        order=section.order.to(LineOrder),
        grow=grow,
    )


def _expanded(patterns: Iterable[Pattern]) -> tuple[Reference, ...]:
    return tuple(ppa for pattern in patterns for ppa in pattern.expand())


def _launchpad(section: LaunchpadSection, folder: Path) -> LaunchpadSettings:
    total, said = section.timeout.total, "snapshots" in section.model_fields_set
    return section.to(
        LaunchpadSettings,
        credentials=None if section.credentials is None else resolve(section.credentials, folder),
        connect=min(section.timeout.connect, total),
        read=min(section.timeout.read, total),
        total=total,
        archive_root=section.archive_root or addresses.default_archive_root(section.service),
        snapshots=section.snapshots if said or section.service == addresses.SERVICES["production"] else None,
    )


def _api(section: ApiSection, folder: Path) -> ApiSettings:
    tls = section.tls
    return section.to(
        ApiSettings,
        listen=replace(section.listen, mode=section.socket.mode, group=section.socket.group),
        clients=tuple(_client(client, folder) for client in section.clients),
        tls=Tls(resolve(tls.certificate, folder), resolve(tls.key, folder)) if tls.certificate and tls.key else None,
    )


def _client(section: ClientSection, folder: Path) -> ClientConfig:
    oidc, role = section.oidc, section.role
    return section.to(
        ClientConfig,
        oidc=None if oidc is None else _oidc(oidc, folder),
        role=role if isinstance(role, Role) else Role.CLIENT,
        role_claim=None if isinstance(role, Role) else role,
    )


def _oidc(section: OidcSection, folder: Path) -> OidcRules:
    return section.to(
        OidcRules,
        claims=tuple(ClaimRule(name, patterns) for name, patterns in section.claims.items()),
        ca_file=None if section.ca_file is None else resolve(section.ca_file, folder),
    )


def _host_name() -> str:
    return re.sub(r"[^A-Za-z0-9._-]", "-", socket.gethostname()) or "localhost"


# -- description ---------------------------------------------------------------------------------------------------


def _description_lines(settings: Settings) -> Iterator[str]:
    for pool in settings.pools.values():
        options = pool.options
        yield f"pool {pool.name}: {_count_ppas(pool.ppas)}, ttl {exactly(options.ttl)}, proof {options.proof.value}"
        if options.grow is not None:
            first, last = options.grow.names[0], options.grow.names[-1]
            who = ", ".join(sorted({f"~{name.owner}" for name in options.grow.names}))
            yield f"  grows to {options.grow.max} PPAs by {first} ... {last}: as an administrator of {who} only"
        if options.delete_discarded is not None:
            yield f"  deletes discarded PPAs after {exactly(options.delete_discarded)}: any member of the team may"
    if settings.retire:
        yield f"retire: {_count_ppas(settings.retire)}"
    credentials = settings.launchpad.credentials or "handed over by systemd"
    yield f"launchpad: {settings.launchpad.service}{settings.launchpad.version}, credentials {credentials}"
    clients = ", ".join(f"{client.name} ({_known_by(client)})" for client in settings.api.clients)
    where = f"https://{settings.api.listen}" if settings.api.tls else str(settings.api.listen)
    yield f"api: {where}, {'clients ' + clients if clients else 'no clients: everybody is operator'}"
    yield f"name: {settings.name}"


def _known_by(client: ClientConfig) -> str:
    role = client.role.value if client.role_claim is None else f"role by {client.role_claim.text}"
    return role if client.oidc is None else f"{role}, tokens of {client.oidc.issuer}"


def _count_ppas(ppas: tuple[Reference, ...]) -> str:
    if not ppas:
        return "no PPAs listed"
    if len(ppas) == 1:
        return f"1 PPA ({ppas[0]})"
    return f"{len(ppas)} PPAs ({ppas[0]} ... {ppas[-1]})"


_ABSOLUTE_HINT = "write it from the root on"
CONFIG = "PPA_ASSIGNER_CONFIG"
"""The file itself."""
VARIABLES: Mapping[str, KeyPath] = {
    "PPA_ASSIGNER_LISTEN": ("api", "listen"),
    "PPA_ASSIGNER_SERVICE": ("launchpad", "service"),
    "PPA_ASSIGNER_CREDENTIALS": ("launchpad", "credentials"),
    "PPA_ASSIGNER_NAME": ("name",),
}
"""Which option each of them replaces.  A relative path starts at the working directory."""


def _apply_environment(document: Document, environ: Mapping[str, str]) -> None:
    """Replace options by what the environment says."""
    for variable, path in VARIABLES.items():
        if text := environ.get(variable):
            document.names[path] = f"${variable}"
            is_path = variable == "PPA_ASSIGNER_CREDENTIALS"
            _set_value(document, path, _absolute(document, path, text) if is_path else text)


def _absolute(document: Document, path: KeyPath, text: str) -> str:
    """A path from the environment made absolute now: the working directory of a daemon may be removed later."""
    if Path(text).is_absolute():
        return text
    try:
        return str(Path.cwd() / text)
    except OSError as error:
        document.report(
            path, f"{text} is relative to a working directory that is gone ({error.strerror}); {_ABSOLUTE_HINT}"
        )
        return text


def _set_value(document: Document, path: KeyPath, value: str) -> None:
    """Set the value at a path; where a section is something else, validation reports that."""
    *sections, key = path
    data = document.data
    for name in sections:
        if isinstance(data, dict) and data.get(name) is None:
            data[name] = {}
        data = data.get(name) if isinstance(data, dict) else None
    if isinstance(data, dict):
        data[key] = value
