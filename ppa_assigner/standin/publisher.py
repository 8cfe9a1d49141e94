"""What Launchpad's scripts do to packages as time goes on: publisher and death row.

Each function is one run over all archives and is finished when it returns. They run under the world's lock.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from . import indexes
from .enums import PublishingStatus
from .publications import SourcePackagePublishingHistory
from .searches import VERSION
from .uploads import accept_uploads

if TYPE_CHECKING:
    from .archive import Archive
    from .publications import PublishingHistory
    from .world import World

STAY = timedelta(days=1)  # how long superseded files stay
SNAPSHOT_AGE, SNAPSHOTS = timedelta(days=14), 100


def publish(world: World) -> None:
    """One cycle: accepted uploads become publications, pending ones are published, older ones superseded.

    A disabled PPA is published like any other; one with `publish` off only takes in what was accepted.
    """
    for archive in world.archives():
        if archive._status == "Deleting":
            bury(archive)
            continue
        accept_uploads(archive)
        if archive._publish:
            _publish_archive(archive)


def death_row(world: World) -> None:
    """Remove the files of what is scheduled, unless something else in the archive still needs the same file."""
    now = world.now()
    for archive in world.archives():
        for publications in (archive.sources, archive.binaries):
            for group in _by_file(publications).values():
                if all(_condemned(p, now) for p in group):
                    _remove([p for p in group if p._date_removed is None], now)


def _publish_archive(archive: Archive) -> None:
    now = archive.world.now()
    for publication in [*archive.sources, *archive.binaries]:
        if publication._status is PublishingStatus.PENDING:
            publication._status, publication._date_published = PublishingStatus.PUBLISHED, now
    for publications in (archive.sources, archive.binaries):
        _dominate(publications, now)
    for binary in archive.binaries:
        _schedule(binary, now)
    for source in archive.sources:
        if isinstance(source, SourcePackagePublishingHistory) and not any(b.active for b in source.siblings()):
            _schedule(source, now)
    _write(archive, now)


def _write(archive: Archive, now: datetime) -> None:
    """Write the indexes, and leave a snapshot where something changed in them."""
    suites = indexes.write(archive)
    if suites.items() == archive.suites.items():
        return
    archive.suites = suites
    kept = [each for each in archive.snapshots if each[0] > now - SNAPSHOT_AGE]
    archive.snapshots = [*kept[1 - SNAPSHOTS :], (now, suites)]


def _dominate(publications: list[PublishingHistory], now: Any) -> None:
    published: dict[tuple[str, Any], list[PublishingHistory]] = defaultdict(list)
    for publication in publications:
        if publication._status is PublishingStatus.PUBLISHED:
            published[publication.name, publication.place].append(publication)
    for rivals in published.values():
        rivals.sort(key=lambda p: (VERSION(p.version), p.id))
        for old in rivals[:-1]:
            old._status, old._date_superseded = PublishingStatus.SUPERSEDED, now


def _schedule(publication: PublishingHistory, now: Any) -> None:
    if publication.active or publication._scheduled_deletion_date is not None:
        return
    deleted = publication._status is PublishingStatus.DELETED
    publication._date_made_pending = now
    publication._scheduled_deletion_date = now if deleted else now + STAY


def _by_file(publications: list[PublishingHistory]) -> dict[Any, list[PublishingHistory]]:
    groups: dict[Any, list[PublishingHistory]] = defaultdict(list)
    for publication in publications:
        arch = getattr(publication.place, "architecture_tag", None)
        specific = getattr(publication, "architecture_specific", True)
        groups[publication.name, publication.version, arch if specific else "all"].append(publication)
    return groups


def _condemned(publication: PublishingHistory, now: Any) -> bool:
    due = publication._scheduled_deletion_date
    return publication._date_removed is not None or (not publication.active and due is not None and due <= now)


def _remove(publications: list[PublishingHistory], now: Any) -> None:
    for publication in publications:
        publication._date_removed = now


def bury(archive: Archive) -> None:
    """End a deleted PPA: everything in it is removed at once, and its name is free again; it stays listed for ever,
    as `NAME-deletedppa`, or with a number if that name is taken."""
    now = archive.world.now()
    for publication in [*archive.sources, *archive.binaries]:
        if publication.active:
            publication.mark_deleted(None, "Removed when deleting archive")
        if publication._date_removed is None:
            publication._date_removed = now
    archive._status, archive._publish, archive.suites = "Deleted", False, {}
    archives, number = archive._owner.archives, 0
    del archives[archive._name]
    name = f"{archive._name}-deletedppa"
    while name in archives:
        number += 1
        name = f"{archive._name}-deletedppa{number}"
    archive._name = name
    archives[name] = archive
