"""Commands on packages: uploads, builds, copies that wait, and what is published where.

Part of the control interface; nothing here asks for rights, except an upload that names its signer.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from . import uploads
from .door import record
from .downloads import STAMP
from .enums import BuildState, PublishingStatus, by_title
from .errors import RejectedError
from .packages import wanted_files
from .people import DistroSeries
from .urls import server_root
from .world import World


class PackageCommands(ABC):
    """The commands on packages."""

    @property
    @abstractmethod
    def _world(self) -> World:
        """The world that the commands change."""

    def upload(
        self,
        ppa: str,
        source: str,
        version: str,
        series: str | None = None,
        status: str = "Published",
        binaries: Sequence[dict[str, Any]] = (),
        files: Sequence[dict[str, Any]] = (),
    ) -> None:
        """Publications come to be, no questions asked: the source, unless that version is in that series already, and
        its binaries {"name", "arch": tag or "all", "series": [names], "status", "version", "depends", "debug": also a
        -dbgsym}. The source's files are {"name", "sha256", "size"} or {"name", "content"}. `ppa` may be the
        distribution's own archive (`ubuntu`)."""
        with self._world.lock:
            archive = self._world.archive(ppa)
            wanted = [self._binary(b) for b in binaries]
            uploads.add_source(
                archive,
                source,
                version,
                self._series(series),
                by_title(PublishingStatus, status),
                wanted,
                wanted_files(files),
            )

    def upload_many(
        self, ppa: str, sources: Sequence[Sequence[str]], series: str | None = None, binaries: bool = False
    ) -> None:
        """Published sources [[name, version], …], each with a binary of its name if wanted."""
        with self._world.lock:
            archive = self._world.archive(ppa)
            for name, version in sources:
                wanted = [{"name": name}] if binaries else []
                uploads.add_source(archive, name, version, self._series(series), binaries=wanted)

    def dput(
        self,
        ppa: str,
        source: str,
        version: str,
        series: str | None = None,
        signer: str | None = None,
        files: Sequence[dict[str, Any]] = (),
    ) -> None:
        """An upload as users make it: pending, its builds waiting; 409 when refused. No signer: rights are not
        asked. Files as in `upload`."""
        with self._world.lock:
            who = self._world.people[signer.lstrip("~")] if signer else None
            wanted = series or self._series(None).name
            sent = uploads.SourceUpload(source, version, wanted, wanted_files(files))
            try:
                uploads.dput(self._world.archive(ppa), sent, who)
            except RejectedError as refusal:
                record(self._world, ppa, source, version, str(refusal))
                raise
            record(self._world, ppa, source, version, None)

    def door(self, signer: str | None = None, signed: bool = False, waiting: bool = False) -> str:
        """Say who signs what `dput` puts into the door (nobody: rights are not asked), whether what is not signed is
        rejected, and whether uploads wait for the script `uploads`; returns the address of the folder of all PPAs."""
        with self._world.lock:
            if signer is not None and signer.lstrip("~") not in self._world.people:
                raise KeyError(f"no person {signer}")
            door = self._world.door
            door.signer, door.signed, door.waiting = signer, signed, waiting
        return f"{server_root()}upload/"

    def verdicts(self, ppa: str | None = None) -> list[dict[str, Any]]:
        """What became of uploads, oldest first: {"ppa", "source", "version", "accepted", "reason", "at"}."""
        with self._world.lock:
            return [each for each in self._world.door.verdicts if ppa in (None, each["ppa"])]

    def accept(self, ppa: str, source: str, version: str, binary: str, arch: str | None = None) -> None:
        """A binary of a source is built and accepted; the publisher will publish it with its next run."""
        with self._world.lock:
            uploads.accept_binary(self._world.archive(ppa), source, version, binary, arch)

    def build(
        self, ppa: str, source: str, version: str, state: str, arch: str | None = None, series: str | None = None
    ) -> int:
        """Add a build in that state, and its source if that does not exist; returns its number."""
        with self._world.lock:
            wanted = by_title(BuildState, state)
            archive = self._world.archive(ppa)
            return uploads.add_build(archive, source, version, self._series(series), wanted, arch).id

    def build_state(self, number: int, state: str, dependencies: str | None = None) -> None:
        """Put a build into another state; `dependencies` is what a dependency wait waits for."""
        with self._world.lock:
            found = [b for archive in self._world.archives() for b in archive.builds if b.id == number]
            if not found:
                raise KeyError(f"no build {number}")
            found[0].finish(by_title(BuildState, state), dependencies=dependencies)

    def build_rule(self, **rule: Any) -> int:
        """Say how builds end that fit (see `builders.BuildRule`); the newest rule decides. Returns its number."""
        with self._world.lock:
            return self._world.building.add(**rule).id

    def build_rules(self) -> list[dict[str, Any]]:
        """The rules for builds, with how many builds met each."""
        with self._world.lock:
            return [rule.show() for rule in self._world.building.rules]

    def build_unrule(self, number: int | None = None) -> int:
        """Remove a rule for builds, or all; returns how many."""
        with self._world.lock:
            rules = self._world.building.rules
            kept = [rule for rule in rules if number is not None and rule.id != number]
            self._world.building.rules = kept
            return len(rules) - len(kept)

    def snapshots(self, ppa: str) -> list[str]:
        """The times of the snapshots of a PPA, as their addresses have them, oldest first."""
        with self._world.lock:
            return [at.strftime(STAMP) for at, _ in self._world.archive(ppa).snapshots]

    def packages(self, ppa: str) -> dict[str, list[dict[str, Any]]]:
        """All publications, builds and uploads: name, version, where, status, whether it left the disk."""
        with self._world.lock:
            archive = self._world.archive(ppa)
            return {
                "sources": [_publication(p) for p in archive.sources],
                "binaries": [_publication(p) for p in archive.binaries],
                "builds": [
                    {"id": b.id, "name": b.release.name, "arch": b.arch_tag, "state": b.buildstate.title}
                    for b in archive.builds
                ],
                "uploads": [{"id": u.id, "name": u.display_name, "status": u.status.title} for u in archive.uploads],
            }

    def copy_jobs(self) -> int:
        """How many copies are queued."""
        with self._world.lock:
            return len(self._world.copy_jobs)

    def _series(self, name: str | None) -> DistroSeries:
        series = self._world.ubuntu._series
        return series[name] if name else next(iter(series.values()))

    def _binary(self, wanted: dict[str, Any]) -> dict[str, Any]:
        binary = dict(wanted)
        if binary.get("series"):
            binary["series"] = [self._series(name) for name in binary["series"]]
        if binary.get("status"):
            binary["status"] = by_title(PublishingStatus, binary["status"])
        return binary


def _publication(publication: Any) -> dict[str, Any]:
    return {
        "id": publication.id,
        "name": publication.name,
        "version": publication.version,
        "where": publication.place.path.partition("/")[2],
        "status": publication._status.title,
        "removed": publication._date_removed is not None,
        "by": publication._removed_by.name if publication._removed_by else None,
        "comment": publication._removal_comment,
    }
