"""Files that a PPA had under the name of one that is to be uploaded: what is asked of them, remembered and told."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Any

import pytest

from ppa_assigner.automaton.assign import MOST_READ
from ppa_assigner.automaton.events import CheckBurnt, Denied, Event, LeaseShown, RecordShown, Refusal, Touch
from ppa_assigner.automaton.observe import VERSIONS_KEPT
from ppa_assigner.options import PoolOptions
from ppa_assigner.packages import NamedFile, SourcePackage
from ppa_assigner.port import PublishedVersion
from tests.automaton.lab import Runner, World, assign, faults

DAY = 86400.0
ORIG = "hello_1.0.orig.tar.xz"
SAME, OTHER = "a" * 64, "b" * 64
HAD_SAME, HAD_OTHER = ((NamedFile(ORIG, sha256),) for sha256 in (SAME, OTHER))


def hello(revision: str, version: str = "1.0", *more: NamedFile) -> SourcePackage:
    """What is to be uploaded: the orig that is the `SAME`, and files of its own."""
    own = NamedFile(f"hello_{version}-{revision}.dsc", revision * 64)
    return SourcePackage("hello", f"{version}-{revision}", "noble", (NamedFile(ORIG, SAME), own, *more))


def had(*versions: tuple[str, tuple[NamedFile, ...]], active: bool = False) -> Runner:
    """A free PPA that once had these versions of hello, with these files."""
    world = World(options=PoolOptions(settle=100.0))
    for version, files in versions:
        world.launchpad.upload(world.ppa, "hello", version=version, files=files).active = active
    return world.free_ppa()


def check(*sources: SourcePackage) -> Any:
    """The question by itself."""
    return lambda token, deadline: CheckBurnt(token=token, deadline=deadline, sources=sources)


def burnt_by(outcome: Any) -> str:
    """What it had."""
    assert isinstance(outcome, Denied), outcome
    assert outcome.why is Refusal.BURNT
    return outcome.detail


def test_what_was_asked_before_another_lease_is_asked_again() -> None:
    """From the first question on: it may have had anything since."""
    runner = had(("1.0-1", HAD_SAME))
    old = PublishedVersion("1.0-0", "memory://old")
    late = assign(sources=(hello("2"),))
    runner.order(lambda token, deadline: replace(late(token, deadline), left=(), unread=(old,), nonce="older"))
    assert runner.kinds()[:2] == ["ListVersions", "ReadFiles"]


@pytest.mark.parametrize("version", ["1.0-1", "1:1.0-9", "1.0"])
def test_another_orig_of_the_same_upstream_version_burns(version: str) -> None:
    """Whatever its revision and epoch, which the file's name lacks; the answer names the file, and nothing is lent."""
    runner = had((version, HAD_OTHER))
    told = burnt_by(runner.order(assign(sources=(hello("2"),))))
    assert told == f"{ORIG} with other content, of hello {version}"
    assert runner.kinds() == ["ListVersions", "ReadFiles"]


@pytest.mark.parametrize(
    ("version", "files"), [("1.0-1", HAD_SAME), ("1.0-1", ()), ("1.1-1", HAD_OTHER), ("0.9-1", HAD_OTHER)]
)
def test_the_same_file_none_or_that_of_another_upstream_version_does_not(
    version: str, files: tuple[NamedFile, ...]
) -> None:
    """Launchpad takes it, and the lease is written; of other versions no files are read."""
    runner = had((version, files))
    assert isinstance(runner.order(assign(sources=(hello("2"),))), LeaseShown)
    related = version.startswith("1.0")
    assert runner.kinds() == ["ListVersions", *(["ReadFiles"] if related else []), "Write"]


def test_the_version_itself_is_found_by_the_same_question() -> None:
    """No request is made twice, and from then on it is remembered as ever."""
    runner = had(("1.0-2", HAD_SAME))
    assert burnt_by(runner.order(assign(sources=(hello("2"),)))) == "hello 1.0-2"
    assert burnt_by(runner.order(assign(sources=(hello("2"),)))) == "hello 1.0-2"
    assert runner.kinds() == ["ListVersions"]


def test_the_files_of_a_version_are_read_once() -> None:
    """They never change; which versions there are is asked each time."""
    runner = had(("1.0-1", HAD_OTHER))
    for _ in range(3):
        assert ORIG in burnt_by(runner.order(check(hello("2"))))
    assert runner.kinds() == ["ListVersions", "ReadFiles", "ListVersions", "ListVersions"]


@pytest.mark.parametrize(("days", "kinds"), [(6.0, 1), (8.0, 2)])
def test_what_left_the_disk_long_ago_is_asked_again(days: float, kinds: int) -> None:
    """Launchpad may have thrown it away since: then a new file may have that name."""
    runner = had(("1.0-1", HAD_OTHER))
    assert ORIG in burnt_by(runner.order(check(hello("2"))))
    runner.world.launchpad.death_row()
    runner.pass_time(days * DAY)
    (item,) = runner.world.archive.items
    item.files = ()
    runner.look()
    runner.forget_the_past()
    outcome = runner.order(check(hello("2")))
    assert runner.kinds() == ["ListVersions", "ReadFiles"][:kinds]
    assert isinstance(outcome, RecordShown) is (days > 7.0)


def test_after_two_weeks_nothing_is_kept_any_more() -> None:
    """No request is needed for that."""
    runner = had(("1.0-1", HAD_OTHER))
    runner.world.launchpad.death_row()
    runner.pass_time(15 * DAY)
    runner.look()
    runner.forget_the_past()
    assert isinstance(runner.order(check(hello("2"))), RecordShown)
    assert runner.kinds() == ["ListVersions"]


def test_a_long_past_is_read_from_its_end() -> None:
    """The files that so many versions share are the same in all that are kept."""
    runner = had(*((f"1.0-1~{number:03}", HAD_SAME) for number in range(50)))
    assert isinstance(runner.order(check(hello("2"))), RecordShown)
    assert runner.kinds() == ["ListVersions", *["ReadFiles"] * MOST_READ]
    (urls,) = [[ask.url for ask in runner.asked[1:]]]
    newest = [item.publication.url for item in runner.world.archive.items[: -MOST_READ - 1 : -1]]
    assert urls == newest


def test_others_go_between_two_files_too() -> None:
    """A touch that came meanwhile does not wait for the last of them."""
    runner, record = World().used_ppa()
    for number in range(3):
        runner.world.launchpad.upload(runner.world.ppa, "hello", version=f"1.0-1~{number}", files=HAD_SAME)
    search = CheckBurnt(token=1, deadline=runner.world.boot + 60.0, sources=(hello("2"), hello("3")))
    touch = Touch(token=2, deadline=runner.world.boot + 60.0, lease=record.lease or "")
    mailbox: deque[Event] = deque([search, touch])
    while mailbox:
        runner.turn(mailbox.popleft(), mailbox)
    assert runner.kinds() == ["ListVersions", "Read", "ReadFiles", "ReadFiles", "ReadFiles", "ListVersions"]
    assert list(runner.replies) == [2, 1]


@pytest.mark.parametrize("of", ["source_versions", "source_files"])
@pytest.mark.parametrize("fault", ["down", "denied", "oops"])
def test_without_an_answer_nothing_is_lent(of: str, fault: str) -> None:
    """Nobody can tell what the PPA had."""
    runner = had(("1.0-1", HAD_SAME))
    runner.world.launchpad.fault = faults(fault, of=of)
    outcome = runner.order(assign(sources=(hello("2"),)))
    assert isinstance(outcome, Denied)
    assert outcome.why is Refusal.OUTAGE
    assert "Write" not in runner.kinds()


def test_a_new_ppa_of_that_name_has_no_past() -> None:
    """What the deleted one had is forgotten with it."""
    runner = had(("1.0-1", HAD_OTHER))
    assert ORIG in burnt_by(runner.order(check(hello("2"))))
    assert runner.known.files
    runner.world.launchpad.delete_ppa(runner.world.ppa)
    runner.look()
    assert runner.known.files == ()


def test_what_is_remembered_is_bounded() -> None:
    """The last ones are kept."""
    runner = had()
    for number in range(VERSIONS_KEPT + 5):
        runner.world.launchpad.upload(runner.world.ppa, f"tool-{number}", version="1.0-1", files=HAD_SAME)
        wanted = SourcePackage(f"tool-{number}", "1.0-2", files=(NamedFile(ORIG, SAME),))
        assert isinstance(runner.order(check(wanted)), RecordShown)
    assert len(runner.known.files) == VERSIONS_KEPT
    runner.forget_the_past()
    for number, kinds in ((VERSIONS_KEPT + 4, 1), (0, 2)):
        runner.forget_the_past()
        runner.order(check(SourcePackage(f"tool-{number}", "1.0-2", files=(NamedFile(ORIG, SAME),))))
        assert runner.kinds() == ["ListVersions", "ReadFiles"][:kinds]
