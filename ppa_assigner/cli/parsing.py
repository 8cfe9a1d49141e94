"""What the texts of options and arguments mean: durations, PPAs, leases, sources, and the client that they ask for.

Rule: a text that cannot be read is a UsageError that names its option; nothing here asks the daemon.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..client.errors import UsageError
from ..reference import Reference
from ..times import DAY, parse_duration

if TYPE_CHECKING:
    from pathlib import Path

    from ..client import Client, Source

LEASE_ID, LEASE_TOKEN = "PPA_LEASE_ID", "PPA_LEASE_TOKEN"
DURATIONS = "500ms, 30s, 10m, 8h, 7d or seconds"
"""How durations are written."""
_LONGEST_S = 3650 * DAY


def connect(url: str | None, token_file: str | None, ca_file: str | None = None, audience: str | None = None) -> Client:
    """The client for these options, which knows the token of the lease that the environment has."""
    from ..client import Client

    if token_file is not None and audience is not None:
        raise UsageError("--token-file or --oidc, not both: each says as whom to ask")
    client = Client(url, None if token_file is None else token_in(token_file), ca_file=ca_file, oidc=audience)
    if token := os.environ.get(LEASE_TOKEN):
        for name, lease in os.environ.items():
            if name.startswith(LEASE_ID):
                client.know_lease(lease, token)
    return client


def token_in(path: str) -> str:
    """The token in a file."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"--token-file: cannot read {path}: {reason}") from error


def seconds(option: str, text: str) -> float:
    """A duration in seconds."""
    number = parse_duration(text)
    if number is None or not 0 <= number <= _LONGEST_S:
        raise UsageError(f"{option}: {text!r} is not a duration; write {DURATIONS}")
    return number


def optional_seconds(option: str, text: str | None) -> float | None:
    """A duration in whole seconds if it is some: a lease keeps no fractions, and 8h is 28800 in JSON."""
    if text is None:
        return None
    value = seconds(option, text)
    return int(value) if value == math.floor(value) else value


def lease_id(given: str | None) -> str:
    """The lease that is meant: the one given, else the environment's."""
    if found := given or os.environ.get("PPA_LEASE_ID"):
        return found
    raise UsageError("which lease?  Give its id, or set PPA_LEASE_ID")


def reference(text: str, option: str = "PPA") -> str:
    """A PPA in the form of the contract, from any form."""
    try:
        return str(Reference.parse(text))
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from None


def selector(text: str | None, option: str) -> str | None:
    """A selector of labels, as it was given."""
    if text is None:
        return None
    from ..selectors import SelectorError, parse

    try:
        parse(text)
    except SelectorError as error:
        raise UsageError(f"{option}: {error}") from None
    return text


def sources_in(changes: Sequence[Path], option: str = "--changes") -> list[Source]:
    """What these .changes files upload."""
    from ..client.changes import read_changes

    try:
        return [read_changes(path) for path in changes]
    except OSError as error:
        raise UsageError(f"{option}: cannot read {error.filename}: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error


def source_of(text: str) -> Source:
    """The source that a --source names."""
    name, equals, version = text.partition("=")
    if not (name and equals and version):
        raise UsageError(f"--source: {text!r} is not NAME=VERSION")
    return {"name": name, "version": version}
