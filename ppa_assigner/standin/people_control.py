"""Commands on people and PPAs: who there is, what they own, what a person does by the web form.

Part of the control interface; nothing here asks for rights.
"""

from __future__ import annotations

import secrets
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from . import openpgp
from .archive import Archive
from .oauth import DECLINED, Token
from .people import Person, Team
from .publisher import bury
from .world import World

CONSUMER = "standin"
LEVELS = ("READ_PUBLIC", "WRITE_PUBLIC", "READ_PRIVATE", "WRITE_PRIVATE", "DESKTOP_INTEGRATION")


def make_token(
    person: Person, level: str = "WRITE_PRIVATE", consumer: str = CONSUMER, expired: bool = False
) -> dict[str, str]:
    """Make a token; returns it as credentials."""
    if level not in LEVELS:
        raise ValueError(f"level must be one of {', '.join(LEVELS)}")
    token = Token(person, consumer, secrets.token_hex(10), secrets.token_hex(20), level, expired)
    person.world.tokens.add(token)
    return show_token(token)


def show_token(token: Token) -> dict[str, str]:
    """The token as credentials."""
    return {
        "person": token.person.name,
        "consumer": token.consumer,
        "token": token.key,
        "secret": token.secret,
    }


class PeopleCommands(ABC):
    """The commands on people and PPAs."""

    @property
    @abstractmethod
    def _world(self) -> World:
        """The world that the commands change."""

    def person(self, name: str, display_name: str | None = None, admin: bool = False) -> str:
        """A person (or the one of that name); returns the name."""
        with self._world.lock:
            person = self._world.make_person(name, display_name)
            person.is_admin = person.is_admin or admin
        return person.name

    def team(self, name: str, owner: str, members: Sequence[str] = ()) -> str:
        """A team; its owner is a member too."""
        with self._world.lock:
            people = [self._person(member) for member in members]
            return self._world.make_team(name, self._person(owner), people).name

    def member(self, team: str, person: str, remove: bool = False, admin: bool = False) -> None:
        """Add a member to a team, or remove it."""
        with self._world.lock:
            found = self._person(team)
            if not isinstance(found, Team):
                raise ValueError(f"{team} is not a team")
            who = self._person(person)
            if remove:
                found.leave(who)
            else:
                found.join(who, admin)

    def token(
        self, person: str, level: str = "WRITE_PRIVATE", consumer: str = CONSUMER, expired: bool = False
    ) -> dict[str, str]:
        """A new token: {"person", "consumer", "token", "secret"}."""
        with self._world.lock:
            return make_token(self._person(person), level, consumer, expired)

    def authorise(self, request_token: str, person: str, level: str = "WRITE_PUBLIC") -> None:
        """Decide as a person does at +authorize-token: grant the access level, or UNAUTHORIZED to decline."""
        if level not in (*LEVELS, DECLINED):
            raise ValueError(f"level must be one of {', '.join(LEVELS)}, {DECLINED}")
        with self._world.lock:
            self._world.waiting.decide(request_token, self._person(person), level)

    def suspend(self, person: str, value: bool = True) -> None:
        """Suspend an account, or not."""
        with self._world.lock:
            self._person(person).suspended = value

    def ppas(
        self,
        owner: str,
        names: Sequence[str] = (),
        count: int = 0,
        prefix: str = "pool-",
        displayname: str | None = None,
        description: str | None = None,
        deleted: bool = False,
    ) -> list[str]:
        """New PPAs by name, or `count` called prefix001…; returns their references. ValueError when one is there.
        With `deleted` they are deleted at once: what is left of them is listed as `NAME-deletedppa`."""
        wanted = list(names) or [f"{prefix}{i:03}" for i in range(1, count + 1)]
        with self._world.lock:
            person, world = self._person(owner), self._world
            taken = [name for name in wanted if name in person.archives]
            if taken:
                raise ValueError(f"{owner} has {', '.join(taken)} already")
            made = [world.make_archive(person, world.ubuntu, name, displayname, description) for name in wanted]
            for archive in made if deleted else ():
                archive.lp_delete()
                bury(archive)
            return [archive.reference for archive in made]

    def ppa(self, ppa: str) -> dict[str, Any]:
        """Settings, description and contents of a PPA, in short."""
        with self._world.lock:
            return _show(self._world.archive(ppa))

    def description(self, ppa: str) -> str | None:
        """The description as it is now."""
        with self._world.lock:
            return self._world.archive(ppa)._description

    def descriptions(self, ppa: str) -> list[dict[str, Any]]:
        """Every accepted write of the description, oldest first: {"at", "by", "description", "request"}, and what was
        there at that moment: active publications, builds and accepted uploads that are "coming", packages that the
        indexes named ("indexed"), publications whose files were "on_disk", and the names of the uploaders."""
        with self._world.lock:
            return list(self._world.archive(ppa).descriptions)

    def describe(self, ppa: str, text: str | None) -> None:
        """Write the description as a person does by the web form: whatever is there is overwritten."""
        with self._world.lock:
            self._world.archive(ppa).describe(text)

    def settings(self, ppa: str, **values: Any) -> None:
        """Set `enabled`, `private`, `publish`, `displayname`, `authorized_size`, `processors` (by name) and so on,
        without any checks.
        """
        with self._world.lock:
            archive = self._world.archive(ppa)
            if "processors" in values:
                values["processors"] = [self._world.processors[name] for name in values["processors"]]
            for name, value in values.items():
                field = name if name == "enabled" else f"_{name}"
                if not hasattr(archive, field):
                    raise ValueError(f"a PPA has no {name}")
                setattr(archive, field, value)

    def uploader(self, ppa: str, person: str, remove: bool = False) -> None:
        """Give a person the right to upload, or take it away."""
        with self._world.lock:
            archive, who = self._world.archive(ppa), self._person(person)
            (archive.deleteComponentUploader if remove else archive.newComponentUploader)(who, "main")

    def subscribe(self, ppa: str, person: str, password: str | None = None) -> dict[str, str]:
        """Let a person download from a private PPA, by Basic authentication; returns {"user", "password"}. A PPA with
        a subscriber answers 401 to others, one without is not there for anybody."""
        with self._world.lock:
            archive, name = self._world.archive(ppa), self._person(person).name
            archive.passwords[name] = password or secrets.token_hex(10)
            return {"user": name, "password": archive.passwords[name]}

    def signing_key(self, owner: str, exists: bool = True) -> str | None:
        """Say whether the owner's PPAs have a key, and show its fingerprint on all that there are (which changes their
        ETags); returns it. At first there is one that is not shown: it is made when it is asked for."""
        with self._world.lock:
            person = self._person(owner)
            person.has_key = exists
            fingerprint = openpgp.signing_key(person.name).fingerprint if exists else None
            for archive in person.archives.values():
                archive._signing_key_fingerprint = fingerprint
        return fingerprint

    def remove_ppa(self, ppa: str) -> None:
        """Delete a PPA as its owner does by the web page: Deleting, and gone with the next publisher run."""
        with self._world.lock:
            self._world.archive(ppa).lp_delete()

    def _person(self, name: str) -> Person:
        return self._world.people[name.lstrip("~")]


def _show(archive: Archive) -> dict[str, Any]:
    keys = (
        "description",
        "displayname",
        "status",
        "private",
        "publish",
        "build_debug_symbols",
        "publish_debug_symbols",
    )
    return {key: getattr(archive, f"_{key}") for key in keys} | {
        "reference": archive.reference,
        "enabled": archive.enabled,
        "processors": [p.name for p in archive._processors],
        "dependencies": [d.dependency.reference for d in archive._dependencies],
        "uploaders": [p.name for p in archive.main_uploaders()],
        "active_sources": sum(p.active for p in archive.sources),
        "active_binaries": sum(p.active for p in archive.binaries),
        "builds": archive.getBuildCounters(),
        "writes": len(archive.descriptions),
    }
