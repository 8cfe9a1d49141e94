"""What a PPA looks like between leases: who may upload, what it builds with, its flags and its title.

Rule: only what differs is changed, only what the baseline names is looked at, and never the description.  Rights are
taken first and given last.
"""

from __future__ import annotations

from collections.abc import Collection

from ..options import Baseline
from ..port import ArchiveSettings, Entry
from ..record import Record
from .requests import AddDependency, Change, Grant, RemoveDependency, Revoke, SetFields, SetProcessors, Setting
from .state import WorkerState

FIELDS = ("displayname", "publish", "build_debug_symbols", "publish_debug_symbols")


def needs_settings(known: WorkerState) -> bool:
    """Whether more than the fields of the PPA's entry has to be looked at."""
    baseline, record = known.options.baseline, known.record
    lists = (baseline.dependencies, baseline.processors, baseline.uploaders)
    return any(names is not None for names in lists) or (record is not None and record.uploader is not None)


def recorded_right(known: WorkerState, record: Record) -> tuple[Change, ...]:
    """The right that was granted for the lease, to be revoked without asking whether it is there."""
    stays = known.options.baseline.uploaders or ()
    return (Revoke(record.uploader),) if record.uploader is not None and record.uploader not in stays else ()


def excess_rights(known: WorkerState, archive_settings: ArchiveSettings) -> tuple[Change, ...]:
    """The rights to revoke: with `baseline.uploaders` of everybody else, without it of the person who was granted one
    for the lease.
    """
    stays, record = known.options.baseline.uploaders, known.record
    if stays is not None:
        return tuple(Revoke(who) for who in archive_settings.uploaders if who not in stays)
    return tuple(Revoke(who) for who in archive_settings.uploaders if record is not None and who == record.uploader)


def differences(known: WorkerState, entry: Entry, archive_settings: ArchiveSettings | None) -> tuple[Change, ...]:
    """Everything that has to be changed.  Without `archive_settings` only the fields of the entry are compared."""
    baseline = known.options.baseline
    if archive_settings is None:
        return field_changes(baseline, entry)
    return (
        *excess_rights(known, archive_settings),
        *_dependency_changes(baseline, archive_settings),
        *_processor_changes(baseline, archive_settings),
        *field_changes(baseline, entry),
        *(Grant(who) for who in baseline.uploaders or () if who not in archive_settings.uploaders),
    )


def field_changes(baseline: Baseline, entry: Entry) -> tuple[Change, ...]:
    """All fields that differ, as one write."""
    wanted = ((name, getattr(baseline, name)) for name in FIELDS)
    different = tuple((name, value) for name, value in wanted if value not in (None, getattr(entry, name)))
    return (SetFields(different),) if different else ()


def one_by_one(setting: Setting) -> tuple[Setting, ...]:
    """The same change as one change for each field."""
    return tuple(SetFields((field,)) for field in setting.fields) if isinstance(setting, SetFields) else (setting,)


def without(change: Change, left_out: Collection[Setting]) -> Change | None:
    """The part of a change that remains without what was left out; None if nothing remains."""
    if not isinstance(change, SetFields):
        return change if change not in left_out else None
    fields = tuple(field for field in change.fields if SetFields((field,)) not in left_out)
    return SetFields(fields) if fields else None


def _dependency_changes(baseline: Baseline, archive_settings: ArchiveSettings) -> tuple[Change, ...]:
    wanted, there = baseline.dependencies, archive_settings.dependencies
    if wanted is None:
        return ()
    return (
        *(RemoveDependency(one) for one in there if one not in wanted),
        *(AddDependency(one) for one in wanted if one not in there),
    )


def _processor_changes(baseline: Baseline, archive_settings: ArchiveSettings) -> tuple[Change, ...]:
    wanted = baseline.processors
    if wanted is None or set(wanted) == set(archive_settings.processors):
        return ()
    return (SetProcessors(tuple(sorted(wanted))),)
