"""Reads the keys of an OIDC issuer over HTTPS: where its discovery document says that they are.

Rule: within one deadline, at a size, and without following a redirect; whatever goes wrong is said in one line.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from .backoff import ISSUER_ANSWER_S
from .identity.keys import LARGEST_BYTES, IssuerKeys, UnusableDocumentError, key_set_address, keys_in
from .launchpad.http import HttpTransport, NoResponseError, NotSentError, Timeouts, UnusableProxyError
from .times import boottime

DISCOVERY = "/.well-known/openid-configuration"
ReadKeys = Callable[[str, Path | None], IssuerKeys]


class IssuerAwayError(Exception):
    """The keys of an issuer cannot be read; the text says why."""


def read_keys(issuer: str, ca_file: Path | None, within: float = ISSUER_ANSWER_S) -> IssuerKeys:
    """The keys of an issuer, read within so many seconds.  `ca_file`: certificates to trust in place of the system's.

    Raises IssuerAwayError.
    """
    deadline = time.monotonic() + within
    try:
        address = key_set_address(_read(issuer.rstrip("/") + DISCOVERY, ca_file, deadline, within), issuer)
        return keys_in(_read(address, ca_file, deadline, within))
    except (NotSentError, NoResponseError, UnusableDocumentError, UnusableProxyError, OSError) as error:
        raise IssuerAwayError(str(error)) from None


def _read(address: str, ca_file: Path | None, deadline: float, within: float) -> bytes:
    timeouts = Timeouts(connect=within, read=within, total=within)
    transport = HttpTransport(address, timeouts, 1, boottime, ca_file=ca_file)
    try:
        headers = {"Accept": "application/json"}
        response = transport.request("GET", address, headers, deadline=deadline, max_bytes=LARGEST_BYTES)
    finally:
        transport.close()
    if response.status != 200:
        raise UnusableDocumentError(f"GET {address}: HTTP status {response.status}")
    return response.body
