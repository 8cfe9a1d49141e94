"""What only shows when several options of a client, or several clients, are seen together.

Rule: an option that was wrong by itself is left out.  Nobody is a client by a token that any job of an issuer can have.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from .client_schema import ClientSection, OidcSection
from .document import Document, KeyPath, format_path
from .files import resolve, unreadable_reason
from .parsers import WRONG

LEAST_PYJWT = (2, 15)
_OF_CLAIMS = ("owner", "request")


def check_clients(document: Document, clients: Sequence[ClientSection], folder: Path) -> None:
    """Report what does not go together.  Relative paths start at `folder`."""
    seen: dict[tuple[str, Any], KeyPath] = {}
    trusted: dict[str, tuple[Path | None, KeyPath]] = {}
    for index, client in enumerate(clients):
        if client is WRONG:
            continue
        path: KeyPath = ("api", "clients", index)
        for key in ("name", "token_sha256"):
            _check_other(document, (*path, key), getattr(client, key), seen)
        _check_known_by(document, path, client)
        if client.oidc is not None:
            _check_oidc(document, (*path, "oidc"), client.oidc, folder)
            _check_trust(document, (*path, "oidc"), client.oidc, folder, trusted)


def _check_other(document: Document, path: KeyPath, value: object, seen: dict[tuple[str, Any], KeyPath]) -> None:
    if value is WRONG or value is None:
        return
    first = seen.setdefault((str(path[-1]), value), path)
    if first is not path:
        document.report(path, f"another client has the same in line {document.line(first)}; each needs its own")


def _check_known_by(document: Document, path: KeyPath, client: ClientSection) -> None:
    token, oidc = (*path, "token_sha256"), (*path, "oidc")
    if client.token_sha256 is not None and client.oidc is not None:
        line = document.line(token)
        document.report(oidc, f"not beside token_sha256 (line {line}); a client is known by one of them")
    elif client.token_sha256 is None and client.oidc is None:
        document.report(token, "this is missing; every client needs it, or oidc", oidc)
    if client.oidc is not None:
        return
    for key in _OF_CLAIMS:
        if getattr(client, key) is not None:
            document.report((*path, key), "is made of claims, so it needs oidc", oidc)
    if not hasattr(client.role, "value"):
        document.report((*path, "role"), "is a claim, so it needs oidc; write client or operator", oidc)


def _check_oidc(document: Document, path: KeyPath, oidc: OidcSection, folder: Path) -> None:
    if lacking := pyjwt_lacking():
        document.report_line(document.line(path), f"{format_path(path)}: {lacking}")
    if not document.data["api"]["clients"][path[2]]["oidc"].get("claims"):
        document.report((*path, "claims"), "name at least one claim: without any, every job of the issuer may call")
    if oidc.ca_file is not None and (wrong := unreadable_reason(file := resolve(oidc.ca_file, folder))):
        document.report((*path, "ca_file"), f"{file} {wrong}; name a file with certificates that this user can read")


def _check_trust(
    document: Document, path: KeyPath, oidc: OidcSection, folder: Path, trusted: dict[str, tuple[Path | None, KeyPath]]
) -> None:
    """The keys of an issuer are read once for all clients, so it is trusted in one way."""
    if oidc.issuer is WRONG:
        return
    file = None if oidc.ca_file is None else resolve(oidc.ca_file, folder)
    other, first = trusted.setdefault(oidc.issuer, (file, path))
    if other != file:
        line = document.line(first)
        document.report((*path, "ca_file"), f"the same issuer is in line {line} with another ca_file; write it alike")


def pyjwt_lacking() -> str | None:
    """What to do where the library is missing that verifies tokens, or is too old; None where it is there."""
    least = ".".join(map(str, LEAST_PYJWT))
    try:
        found = metadata.version("PyJWT")
    except metadata.PackageNotFoundError:
        return f"needs PyJWT {least} or newer; install it: pip install 'ppa-assigner[oidc]'"
    numbers = tuple(int(part) for part in re.findall(r"[0-9]+", found)[:2])
    if numbers < LEAST_PYJWT:
        return f"needs PyJWT {least} or newer, and {found} is installed: pip install 'ppa-assigner[oidc]'"
    return None
