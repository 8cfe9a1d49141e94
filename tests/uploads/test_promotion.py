"""Which copies a promote wants, how far each is, and what is in the way: without Launchpad."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ppa_assigner.publications import BinaryPublication, SourcePublication
from ppa_assigner.uploads.model import Goal, Report, SourceReport, SourceState
from ppa_assigner.uploads.promotion import (
    Copy,
    CopyState,
    Promotion,
    WantedCopy,
    clashing,
    newer_there,
    progress,
    same_version,
    wanted_copies,
)

from .seen import NOW


def there(version: str, series: str = "noble", number: int = 1, status: str = "Published") -> SourcePublication:
    """A publication of hello."""
    return SourcePublication(number, "hello", version, series, status, NOW)


def binary(
    name: str, arch: str, *, series: str = "noble", status: str = "Published", version: str = "1.0", of: str = "hello"
) -> BinaryPublication:
    """A binary publication."""
    return BinaryPublication(name, version, series, arch, of, version, status, NOW)


BOTH = (binary("hello", "amd64"), binary("hello", "arm64"))


def copy(
    version: str = "1.0",
    from_series: str = "noble",
    series: str = "noble",
    binaries: tuple[BinaryPublication, ...] = BOTH,
    number: int = 1,
) -> WantedCopy:
    """One that is wanted."""
    return WantedCopy(number, "hello", version, from_series, series, binaries)


def published(*sources: tuple[str, str | None, int]) -> Report:
    """These are published: version, series, and for how many architectures."""
    reports = [
        SourceReport("hello", version, series, SourceState.PUBLISHED, "", (), BOTH[:count])
        for version, series, count in sources
    ]
    return Report(Goal.PUBLISHED, reached=True, final=True, why="", sources=tuple(reports))


def wanted(report: Report, sources: Sequence[SourcePublication], *series: str) -> list[tuple[int, str, str, str]]:
    """What is copied: the number of its publication, its version, from where, and to where."""
    return [(one.number, one.version, one.from_series, one.series) for one in wanted_copies(report, sources, series)]


IN_TWO = [there("1.0", "jammy", 8), there("1.0", "noble", 7)]


@pytest.mark.parametrize(
    ("counts", "series", "copies"),
    [
        ((1, 1), (), [(8, "1.0", "jammy", "jammy"), (7, "1.0", "noble", "noble")]),
        ((2, 1), ("noble",), [(7, "1.0", "noble", "noble")]),
        ((1, 2), ("jammy", "jammy"), [(8, "1.0", "jammy", "jammy")]),
        ((1, 2), ("focal",), [(7, "1.0", "noble", "focal")]),
        ((2, 1), ("focal",), [(8, "1.0", "jammy", "focal")]),
        ((1, 1), ("focal",), [(8, "1.0", "jammy", "focal")]),
        ((1, 1), ("noble", "focal"), [(8, "1.0", "jammy", "focal"), (7, "1.0", "noble", "noble")]),
    ],
)
def test_a_version_comes_into_a_series_once(
    counts: tuple[int, int], series: tuple[str, ...], copies: list[tuple[int, str, str, str]]
) -> None:
    """From that very series if it can be, else from the one with the most binaries, else the latest."""
    report = published(("1.0", "jammy", counts[0]), ("1.0", "noble", counts[1]))
    assert wanted(report, IN_TWO, *series) == copies


def test_only_what_is_active_is_copied() -> None:
    """A source that is in no series yet is none; of two publications the active one counts."""
    report = published(("1.0", "noble", 1), ("2.0", None, 0))
    assert wanted(report, [there("1.0", number=2), there("1.0", number=3, status="Deleted")]) == [
        (2, "1.0", "noble", "noble")
    ]


def test_two_versions_of_a_source_cannot_both_come_into_a_series() -> None:
    """Into two they can, and so can sources of two names."""
    first, second = copy("1.0", "jammy"), copy("2.0")
    assert clashing([first, second]) == (first, second)
    assert clashing([copy("1.0", series="jammy"), copy("2.0")]) is None
    assert clashing([copy("1.0"), WantedCopy(2, "other", "2.0", "noble", "noble", ())]) is None
    assert clashing([copy("1.0"), copy("1.0", number=2)]) is None


def test_the_version_that_is_there_already() -> None:
    """In that series, and not deleted."""
    found = there("1.0", number=4)
    assert same_version(copy(), [there("1.1"), there("1.0", "jammy"), there("1.0", status="Deleted"), found]) is found
    assert same_version(copy(), [there("1.1"), there("1.0", "jammy"), there("1.0", status="Superseded")]) is None


@pytest.mark.parametrize(
    ("others", "newer"),
    [
        ([there("1.0~rc1"), there("1.0")], None), ([there("1.0.1")], "1.0.1"), ([there("1:0.1")], "1:0.1"),
        ([there("2.0", "jammy")], None), ([there("2.0", status="Superseded")], None),
        ([there("2.0", status="Pending")], "2.0"),
    ],
)  # fmt: skip
def test_a_newer_version_is_in_the_way(others: list[SourcePublication], newer: str | None) -> None:
    """By Debian's order of versions, in that series."""
    assert newer_there(copy(), others) == newer


@pytest.mark.parametrize(
    ("source", "binaries", "state", "why"),
    [
        ("Published", BOTH, CopyState.PUBLISHED, "hello 1.0 in noble is published"),
        ("Pending", BOTH, CopyState.COPYING, "hello 1.0 in noble is to be published"),
        ("Published", BOTH[:1], CopyState.COPYING, "hello for arm64 is to be published"),
        ("Published", (BOTH[0], binary("hello", "arm64", status="Pending")), CopyState.COPYING, "hello for arm64"),
        ("Published", (BOTH[0], binary("hello", "arm64", series="jammy")), CopyState.COPYING, "hello for arm64"),
        ("Published", (BOTH[0], binary("hello", "arm64", of="other")), CopyState.COPYING, "hello for arm64"),
        ("Published", (BOTH[0], binary("hello", "arm64", version="0.9")), CopyState.COPYING, "hello for arm64"),
    ],
)
def test_a_copy_is_there_when_all_of_it_is_published(
    source: str, binaries: tuple[BinaryPublication, ...], state: CopyState, why: str
) -> None:
    """The source and every binary, in that series."""
    found = progress(copy(), there("1.0", status=source), binaries)
    assert (found.name, found.version, found.series, found.state) == ("hello", "1.0", "noble", state)
    assert found.why.startswith(why)


@pytest.mark.parametrize(
    ("binaries", "state"),
    [
        ((binary("hello", "amd64"), binary("hello-doc", "amd64")), CopyState.PUBLISHED),
        ((binary("hello", "amd64"),), CopyState.COPYING),
        ((binary("hello", "amd64"), binary("hello-doc", "amd64", version="2")), CopyState.COPYING),
        (
            (binary("hello", "amd64"), binary("hello-doc", "amd64"), binary("hello", "arm64", status="Pending")),
            CopyState.COPYING,
        ),
        (
            (binary("hello", "amd64"), binary("hello-doc", "amd64"), binary("new", "arm64", status="Pending")),
            CopyState.PUBLISHED,
        ),
    ],
)
def test_into_another_series_an_architecture_may_be_missing(
    binaries: tuple[BinaryPublication, ...], state: CopyState
) -> None:
    """But no package, and nothing that is still to be published."""
    ours = (*BOTH, binary("hello-doc", "amd64"), binary("hello-doc", "arm64"))
    assert progress(copy(from_series="jammy", binaries=ours), there("1.0"), binaries).state is state


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        ("published published", "published"), ("published copying", "copying"), ("copying failed", "failed"),
        ("published failed", "failed"),
    ],
)  # fmt: skip
def test_a_promotion_is_what_its_copies_are(states: str, whole: str) -> None:
    """Failed if one is, published when all are."""
    copies = tuple(Copy("hello", "1.0", "noble", CopyState(state), "") for state in states.split())
    assert Promotion(copies).state is CopyState(whole)
