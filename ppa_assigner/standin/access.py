"""Who asks, and what they may: Launchpad's rights on PPAs as they were measured, one predicate a permission.

Decisions only; nothing here changes anything. A call without a caller comes from inside the stand-in and may do all.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

from zope.security.interfaces import Unauthorized

if TYPE_CHECKING:
    from .model import ArchiveLike, PersonLike

T = TypeVar("T")

EDIT, VIEW, SUBSCRIBER_VIEW = "launchpad.Edit", "launchpad.View", "launchpad.SubscriberView"
APPEND, ADMIN, MODERATE = "launchpad.Append", "launchpad.Admin", "launchpad.Moderate"
DELETE, NOBODY = "launchpad.Delete", "launchpad.InternalScriptsOnly"

WRITERS = ("WRITE_PUBLIC", "WRITE_PRIVATE", "DESKTOP_INTEGRATION")
PRIVATE_READERS = ("READ_PRIVATE", "WRITE_PRIVATE", "DESKTOP_INTEGRATION")
PRIVATE_WRITERS = ("WRITE_PRIVATE", "DESKTOP_INTEGRATION")


@dataclass(frozen=True)
class Principal:
    """Who sent the request that is being applied, with which access level; `person` is None for anonymous."""

    person: PersonLike | None = None
    level: str = "READ_PUBLIC"
    request: int = 0
    consumer: str | None = None

    @property
    def writes(self) -> bool:
        """Whether the token may write to what is public."""
        return self.person is not None and self.level in WRITERS


class _Current:
    caller: Principal | None = None  # one request is applied at a time, under the world's lock


@contextmanager
def acting_as(caller: Principal) -> Iterator[None]:
    """Apply the rights of that caller in this block. Only under the world's lock."""
    before, _Current.caller = _Current.caller, caller
    try:
        yield
    finally:
        _Current.caller = before


def current() -> Principal | None:
    """The caller whose request is being applied; None inside the stand-in."""
    return _Current.caller


def current_person() -> PersonLike | None:
    """The person whose request is being applied; None for anonymous and inside the stand-in."""
    return _Current.caller.person if _Current.caller else None


def require(thing: Any, name: str, permission: str) -> None:
    """Raise Unauthorized (401) unless the caller has that permission on `thing`."""
    if _Current.caller is not None and not thing.permits(permission, _Current.caller):
        raise Unauthorized(thing, name, permission)


class Guarded(Generic[T]):
    """An attribute that is read and written by those with a permission; its raw value is at the same name with `_`.

    No `write` permission: nobody writes it from outside.
    """

    def __init__(self, write: str | None = None, read: str | None = None) -> None:
        self.read, self.write = read, write

    def __set_name__(self, owner: type, name: str) -> None:
        self.name, self.raw = name, f"_{name}"

    @overload
    def __get__(self, thing: None, kind: type) -> Guarded[T]: ...
    @overload
    def __get__(self, thing: object, kind: type) -> T: ...
    def __get__(self, thing: Any, kind: type) -> Any:
        if thing is None:
            return self
        if self.read is not None:
            require(thing, self.name, self.read)
        return getattr(thing, self.raw)

    def __set__(self, thing: Any, value: T) -> None:
        if self.write is None and current() is not None:
            raise Unauthorized(self.name, thing)
        if self.write is not None:
            require(thing, self.name, self.write)
        check = getattr(thing, f"_set_{self.name}", None)
        if check is None:
            setattr(thing, self.raw, value)
        else:
            check(value)


def on_archive(archive: ArchiveLike, permission: str, caller: Principal) -> bool:
    """Whether the caller has that permission on an archive."""
    return _ON_ARCHIVE[permission](archive, caller)


def may_upload(archive: ArchiveLike, person: PersonLike) -> bool:
    """Whether somebody may upload to an archive: members of the owner, and uploaders of component main."""
    return person.within(archive._owner) or any(person.within(who) for who in archive.main_uploaders())


def _view(archive: ArchiveLike, caller: Principal) -> bool:
    if archive.open_to_all:
        return True
    person = caller.person
    if person is None or (archive._private and caller.level not in PRIVATE_READERS):
        return False
    return person.is_admin or may_upload(archive, person)


def _writes(archive: ArchiveLike, caller: Principal) -> bool:
    return caller.person is not None and caller.level in (PRIVATE_WRITERS if archive._private else WRITERS)


def _edit(archive: ArchiveLike, caller: Principal) -> bool:
    person = caller.person
    return person is not None and _writes(archive, caller) and (person.is_admin or person.within(archive._owner))


def _append(archive: ArchiveLike, caller: Principal) -> bool:
    person = caller.person
    return person is not None and archive.enabled and _writes(archive, caller) and may_upload(archive, person)


def _admin(archive: ArchiveLike, caller: Principal) -> bool:
    return caller.person is not None and caller.person.is_admin and _writes(archive, caller)


_ON_ARCHIVE = {
    VIEW: _view,
    SUBSCRIBER_VIEW: _view,
    EDIT: _edit,
    DELETE: _edit,
    APPEND: _append,
    ADMIN: _admin,
    MODERATE: _admin,
    NOBODY: lambda *_: False,
}
