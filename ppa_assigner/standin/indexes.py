"""The indexes that apt reads: what the publisher wrote of a PPA with its last run, served as the download host lays
them out.

They lag behind the web service, which is what they are for here: something deleted stays in them until the publisher
ran. No signatures, no package files.
"""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from typing import TYPE_CHECKING

from .enums import PublishingStatus

if TYPE_CHECKING:
    from .archive import Archive
    from .publications import PublishingHistory
    from .world import World

ADDRESS = re.compile(r"/([^/~]+)/([^/]+)/([^/]+)/dists/([^/]+)/main/(source/Sources|binary-[^/]+/Packages)(\.gz)?")


def write(archive: Archive) -> dict[str, str]:
    """The indexes of all series that ever had something in this archive: `SERIES/source/Sources` and so on -> text."""
    found: dict[str, list[str]] = defaultdict(list)
    for source in archive.sources:
        series = source.place
        for path in ("source/Sources", *(f"binary-{tag}/Packages" for tag in series.arches)):
            found.setdefault(f"{series.name}/{path}", [])
    for publication in sorted([*archive.sources, *archive.binaries], key=lambda p: (p.name, p.id)):
        if publication._status is PublishingStatus.PUBLISHED:
            found[_path(publication)].append(_stanza(publication))
    return {path: "\n".join(stanzas) for path, stanzas in found.items()}


def serve(world: World, path: str) -> bytes | None:
    """The index at an address of the download host, None when there is none (private PPAs have none for anybody)."""
    parts = ADDRESS.fullmatch(path)
    if parts is None:
        return None
    owner, name, distribution, series, index, packed = parts.groups()
    with world.lock:
        person = world.people.get(owner)
        archive = person.find(distribution, name) if person else None
        text = archive.indexes.get(f"{series}/{index}") if archive and not archive._private else None
    if text is None:
        return None
    return gzip.compress(text.encode(), mtime=0) if packed else text.encode()


def _path(publication: PublishingHistory) -> str:
    arch = getattr(publication.place, "architecture_tag", None)
    if arch is None:
        return f"{publication.place.name}/source/Sources"
    return f"{publication.place.distroseries.name}/binary-{arch}/Packages"


def _stanza(publication: PublishingHistory) -> str:
    lines = [f"Package: {publication.name}", f"Version: {publication.version}"]
    arch = getattr(publication.place, "architecture_tag", None)
    if arch is not None:
        specific = getattr(publication, "architecture_specific", True)
        lines.append(f"Architecture: {arch if specific else 'all'}")
    return "\n".join(lines) + "\n"
