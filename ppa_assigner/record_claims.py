"""The fields of a record that have parts: who claims a free PPA, and who is about to delete a discarded one.

Rule: each is read whole or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from . import record_values as values
from .reference import Reference


class Rank(NamedTuple):
    """The place of a request among all daemons: the lower one is older, and no two tie.  `key` in milliseconds, from 0
    on; `client` is empty where none are configured.
    """

    key: int
    client: str
    request: str


class GroupClaim(NamedTuple):
    """A free PPA is wanted: by this try of a request for a group, whose `lead` decides what becomes of the claim."""

    group: str
    lead: Reference
    rank: Rank
    at: datetime


class Deleter(NamedTuple):
    """Which daemon is about to delete the PPA, and since when."""

    who: str
    at: datetime


def reference(value: Any) -> Reference:
    """A PPA, in the one form in which it is written."""
    try:
        found = Reference.parse(values.text(value))
    except ValueError:
        found = None
    if found is None or str(found) != value:
        raise values.RecordError("not a PPA like ~owner/ubuntu/name")
    return found


def references(value: Any) -> tuple[Reference, ...]:
    """Some PPAs."""
    if not isinstance(value, list):
        raise values.RecordError("not a list")
    return tuple(reference(one) for one in value)


def _rank(value: Any) -> Rank:
    if not isinstance(value, list) or len(value) != len(Rank._fields):
        raise values.RecordError("not a list of key, client and request id")
    return Rank(values.count(value[0]), values.text(value[1]), values.text(value[2]))


def _parts(readers: Mapping[str, values.Reader], value: Any) -> dict[str, Any]:
    if not isinstance(value, dict) or (absent := [name for name in readers if value.get(name) is None]):
        raise values.RecordError("not a JSON object" if not isinstance(value, dict) else f"without {', '.join(absent)}")
    return {name: values.field(value, name, reader) for name, reader in readers.items()}


def claim(value: Any) -> GroupClaim:
    """All of a claim."""
    return GroupClaim(**_parts({"group": values.text, "lead": reference, "rank": _rank, "at": values.time}, value))


def deleter(value: Any) -> Deleter:
    """All of a deleter."""
    return Deleter(**_parts({"who": values.text, "at": values.time}, value))
