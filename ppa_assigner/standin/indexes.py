"""The indexes that apt reads: what the publisher wrote of a PPA with its last run, series by series.

They lag behind the web service, which is what they are for here: something deleted stays in them until the publisher
ran. A series in which nothing changed is left as it is. Texts and signatures are made when they are first asked for,
of what was published then, so that writing costs next to nothing.
"""

from __future__ import annotations

import gzip
import hashlib
import lzma
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from .debs import control_fields, deb
from .enums import PublishingStatus
from .openpgp import signing_key

if TYPE_CHECKING:
    from .model import ArchiveLike
    from .packages import PackageFile
    from .publications import PublishingHistory

SIGNED = {"InRelease", "Release.gpg"}


@dataclass(frozen=True, eq=False)
class Suite:
    """A series of a PPA as it was published at a time; nothing in it changes. `signer` is the owner whose key signs."""

    series: str
    tags: tuple[str, ...]
    origin: str
    label: str
    signer: str | None
    at: datetime
    published: tuple[PublishingHistory, ...]

    def file(self, name: str) -> bytes | None:
        """A file below `dists/SERIES/`, None when there is none."""
        if name in SIGNED:
            return None if self.signer is None else self._in_release if name == "InRelease" else self._detached
        return self._files.get(name)

    def pooled(self, path: str) -> PackageFile | None:
        """A file below `pool/` that the indexes name."""
        return next((file for folder, file in self._pool() if f"{folder}/{file.name}" == path), None)

    @cached_property
    def _indexes(self) -> dict[str, str]:
        paths = ["source/Sources", *(f"binary-{tag}/Packages" for tag in self.tags)]
        stanzas: dict[str, list[str]] = {path: [] for path in paths}
        for publication in self.published:
            path, stanza = _source(publication) if _tag(publication) is None else _binary(publication)
            stanzas.setdefault(path, []).append(stanza)
        return {f"main/{path}": "\n".join(found) for path, found in stanzas.items()}

    @cached_property
    def _files(self) -> dict[str, bytes]:
        files: dict[str, bytes] = {}
        for path, text in self._indexes.items():
            plain = text.encode()
            files |= {
                path: plain,
                f"{path}.gz": gzip.compress(plain, mtime=0),
                f"{path}.xz": lzma.compress(plain, preset=0),
            }
        return files | {"Release": self._release(files).encode()}

    @cached_property
    def _in_release(self) -> bytes:
        key, release = signing_key(str(self.signer)), self._files["Release"].decode()
        return key.clear_signed(release, int(self.at.timestamp())).encode()

    @cached_property
    def _detached(self) -> bytes:
        return signing_key(str(self.signer)).detached(self._files["Release"], int(self.at.timestamp())).encode()

    def _release(self, files: dict[str, bytes]) -> str:
        head = {
            "Origin": self.origin,
            "Label": self.label,
            "Suite": self.series,
            "Codename": self.series,
            "Date": format_datetime(self.at, usegmt=True).replace("GMT", "UTC"),
            "Architectures": " ".join(self.tags),
            "Components": "main",
        }
        lines = [f"{name}: {value}" for name, value in head.items()] + ["SHA256:"]
        lines += [
            f" {hashlib.sha256(content).hexdigest()} {len(content):>16} {path}" for path, content in files.items()
        ]
        return "\n".join(lines) + "\n"

    def _pool(self) -> Iterator[tuple[str, PackageFile]]:
        for publication in self.published:
            for file in pool_files(publication):
                yield pool_folder(publication), file


def write(archive: ArchiveLike) -> dict[str, Suite]:
    """All series that ever had something in this archive; those in which nothing changed are the same as before."""
    found: dict[Any, list[PublishingHistory]] = {source.place: [] for source in archive.sources}
    for publication in (*archive.sources, *archive.binaries):
        if publication._status is PublishingStatus.PUBLISHED:
            found.setdefault(_series(publication), []).append(publication)
    return {series.name: _suite(archive, series, publications) for series, publications in found.items()}


def pool_folder(publication: PublishingHistory) -> str:
    """The folder below `pool/` that its files are in."""
    name = getattr(publication, "source_package_name", publication.name)
    return f"main/{name[:4] if name.startswith('lib') else name[:1]}/{name}"


def pool_files(publication: PublishingHistory) -> tuple[PackageFile, ...]:
    """The files of a publication."""
    package = getattr(publication, "package", None)
    if package is not None:
        return (deb(package),)
    files: tuple[PackageFile, ...] = publication.release.files
    return files


def _suite(archive: ArchiveLike, series: Any, publications: list[PublishingHistory]) -> Suite:
    published = tuple(sorted(publications, key=lambda p: (p.name, p.id)))
    before: Suite | None = archive.suites.get(series.name)
    signer = archive._owner.name if archive._owner.has_key else None
    if before is not None and before.published == published and before.signer == signer:
        return before
    at = archive.world.now().replace(microsecond=0)
    if before is not None:  # two that differ never have the same time, of whole seconds as in HTTP
        at = max(at, before.at + timedelta(seconds=1))
    origin = f"LP-PPA-{archive._owner.name}-{archive._name}"
    return Suite(series.name, tuple(sorted(series.arches)), origin, archive._displayname, signer, at, published)


def _series(publication: PublishingHistory) -> Any:
    return getattr(publication.place, "distroseries", publication.place)


def _tag(publication: PublishingHistory) -> str | None:
    return getattr(publication.place, "architecture_tag", None)


def _binary(publication: Any) -> tuple[str, str]:
    file = deb(publication.package)
    path = f"pool/{pool_folder(publication)}/{file.name}"
    fields = f"{control_fields(publication.package)}Filename: {path}\nSize: {file.size}\nSHA256: {file.sha256}\n"
    return f"binary-{_tag(publication)}/Packages", fields


def _source(publication: Any) -> tuple[str, str]:
    release = publication.release
    lines = [
        f"Package: {release.name}",
        f"Binary: {', '.join(binary.name for binary in release.makes())}",
        f"Version: {release.version}",
        f"Maintainer: {release.creator.display_name} <{release.creator.name}@example.org>",
        f"Architecture: {' '.join(release.architectures)}",
        f"Directory: pool/{pool_folder(publication)}",
    ]
    if release.files:
        lines += ["Checksums-Sha256:", *(f" {file.sha256} {file.size} {file.name}" for file in release.files)]
    return "source/Sources", "\n".join(lines) + "\n"
