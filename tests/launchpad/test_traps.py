"""The known traps of Launchpad and its client, sprung at the stand-in: answers lost, texts that come back, caches."""

from __future__ import annotations

import resource
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ppa_assigner.launchpad import LaunchpadClient, NotAuthorised, Timeouts
from ppa_assigner.port import (
    AccessDenied,
    Conflict,
    Content,
    Done,
    Entry,
    Gone,
    Lane,
    Look,
    NewContent,
    Refused,
    Unavailable,
    Unknown,
)
from ppa_assigner.reference import Reference
from ppa_assigner.standin.control_client import ControlClient
from ppa_assigner.times import boottime
from tests.apart import PATIENT, Apart, logged_in, standin_apart

OWNER = "ci-pool"


@pytest.fixture(scope="module")
def standin() -> Iterator[Apart]:
    with standin_apart("--owner", "") as running:
        yield running


@pytest.fixture
def acts(standin: Apart) -> Iterator[ControlClient]:
    """A fresh world with one PPA."""
    standin.control.reset(owner=OWNER, ppas=1)
    yield standin.control
    standin.control.unfault()
    standin.control.release()


PPA = Reference(OWNER, "ubuntu", "pool-001")
REF = str(PPA)


def connected(standin: Apart, place: Path, who: str = "ppa-bot", timeouts: Timeouts = PATIENT) -> LaunchpadClient:
    file = place / f"credentials-{who}"
    file.write_text(standin.credentials(who))
    return logged_in(standin.service_root, file, place / "cache", timeouts)


@pytest.fixture
def lp(standin: Apart, acts: ControlClient, tmp_path: Path) -> Iterator[LaunchpadClient]:
    client = connected(standin, tmp_path)
    acts.forget()
    yield client
    client.close()


@pytest.fixture
def hasty(standin: Apart, acts: ControlClient, tmp_path: Path) -> Iterator[LaunchpadClient]:
    """One that does not wait long for an answer, but long enough to connect on a busy host."""
    client = connected(standin, tmp_path, timeouts=Timeouts(10, 6, 20))
    acts.forget()
    yield client
    client.close()


def seen(client: LaunchpadClient) -> Entry:
    entry = client.read(PPA)
    assert isinstance(entry, Entry)
    return entry


def sent(acts: ControlClient, method: str) -> int:
    return len(acts.log(method=method, state="any"))


def test_a_write_applied_whose_answer_is_lost(lp: LaunchpadClient, acts: ControlClient) -> None:
    """The false 412: a re-send would be told that it lost the race against itself.  It is Unknown, sent once, and a
    read shows our text (docs/explanation/launchpad.md#repeated-requests).
    """
    entry = seen(lp)
    acts.fault(action="drop_after", method="PATCH", times=1)
    assert isinstance(lp.write(entry, "ours"), Unknown)
    assert sent(acts, "PATCH") == 1
    assert seen(lp).description == "ours"
    assert isinstance(lp.write(entry, "again"), Conflict)


def test_a_write_lost_on_its_way(lp: LaunchpadClient, acts: ControlClient) -> None:
    """Told the same as one that was applied: nobody can tell them apart but a read."""
    entry = seen(lp)
    acts.fault(action="drop_before", method="PATCH", times=1)
    assert isinstance(lp.write(entry, "ours"), Unknown)
    assert sent(acts, "PATCH") == 1
    assert seen(lp).description is None
    assert isinstance(lp.write(entry, "ours"), Entry)


def test_a_write_that_lands_late(hasty: LaunchpadClient, acts: ControlClient) -> None:
    """A read after the time-out still shows the old text: Unknown stays unknown; a write of our own fences it off."""
    entry = seen(hasty)
    acts.fault(action="hold", method="PATCH", times=1)
    assert isinstance(hasty.write(entry, "late"), Unknown)
    assert seen(hasty).description is None
    assert isinstance(hasty.write(entry, "fence"), Entry)
    acts.release()
    assert acts.log(method="PATCH", least=2, timeout=10)
    assert seen(hasty).description == "fence"


@pytest.mark.parametrize("status", [500, 502, 503])
@pytest.mark.parametrize("applied", [True, False])
def test_an_error_of_the_server(lp: LaunchpadClient, acts: ControlClient, status: int, applied: bool) -> None:
    """5xx proves nothing about a write, and is not asked again."""
    entry = seen(lp)
    acts.fault(action="status", status=status, apply=applied, method="PATCH", times=1)
    assert isinstance(lp.write(entry, "ours"), Unknown)
    assert sent(acts, "PATCH") == 1
    assert seen(lp).description == ("ours" if applied else None)


def test_a_write_to_another_address_of_the_ppa(lp: LaunchpadClient, acts: ControlClient) -> None:
    """303, followed by httplib2 to a 200, wrote nothing: Refused, whatever is shown there (C.5)."""
    entry = seen(lp)
    short = entry.url.replace("/ubuntu/", "/")
    answer = lp.write(Entry(short, entry.etag, None, entry.moment), "ours")
    assert isinstance(answer, Refused)
    assert answer.status == 303
    assert seen(lp).description is None


def test_a_lost_race(lp: LaunchpadClient, acts: ControlClient) -> None:
    """412, though somebody changed another field or the web form was used."""
    entry = seen(lp)
    acts.describe(REF, "a person's")
    assert isinstance(lp.write(entry, "ours"), Conflict)
    entry = seen(lp)
    acts.settings(REF, publish=False)
    assert isinstance(lp.write(entry, "ours"), Conflict)
    assert seen(lp).description == "a person's"


def test_an_old_text_makes_an_old_etag_valid(lp: LaunchpadClient) -> None:
    """ABA: the ETag is a hash of content, so only texts that never return (nonces) make it safe (B.4)."""
    entry = seen(lp)
    first = lp.write(entry, "a")
    assert isinstance(first, Entry)
    second = lp.write(first, "b")
    assert isinstance(second, Entry)
    assert isinstance(lp.write(second, "a"), Entry)
    assert isinstance(lp.write(first, "stale"), Entry)


def test_entries_of_a_listing_are_fresh_and_writable(lp: LaunchpadClient, acts: ControlClient) -> None:
    """The stale cache: after a listing, a plain read once brought an older text back under the new ETag (C.4)."""
    seen(lp)
    acts.describe(REF, "newer")
    look = lp.look(OWNER)
    assert isinstance(look, Look)
    assert look.entries[PPA].description == "newer"
    assert seen(lp).description == "newer"
    written = lp.write(look.entries[PPA], "ours")
    assert isinstance(written, Entry)
    again = seen(lp)
    assert (again.etag, again.description) == (written.etag, "ours")
    assert 304 not in {one["status"] for one in acts.log()}


@pytest.mark.parametrize(
    "text", ["", " \r\n\tx\n ", "ünï \N{PILE OF POO} e\u0301", '{"a": 1}', "<b>&amp;</b>", "x" * 10**6]
)
def test_texts_survive(lp: LaunchpadClient, text: str) -> None:
    """Byte for byte, there and back."""
    written = lp.write(seen(lp), text)
    assert isinstance(written, Entry)
    assert written.description == text
    assert seen(lp).description == text


def test_a_ppa_that_is_being_deleted(lp: LaunchpadClient, acts: ControlClient) -> None:
    """A write is answered 209: Gone all the same (docs/explanation/launchpad.md#writes-to-deleted-ppas)."""
    entry = seen(lp)
    acts.remove_ppa(REF)
    assert isinstance(lp.write(entry, "ours"), Gone)
    assert [one["status"] for one in acts.log(method="PATCH")] == [209]
    assert isinstance(lp.read(PPA), Gone)
    look = lp.look(OWNER)
    assert isinstance(look, Look)
    assert look.entries == {}


def test_a_ppa_that_strangers_cannot_see(standin: Apart, acts: ControlClient, tmp_path: Path) -> None:
    """Redacted, not 404: denied; and a stranger's write to one that is public is refused with the missing right."""
    stranger = connected(standin, tmp_path, "stranger")
    entry = seen(stranger)
    refused = stranger.write(entry, "mine")
    assert isinstance(refused, AccessDenied)
    assert refused.status == 401
    assert "launchpad.Edit" in refused.reason
    acts.settings(REF, private=True)
    assert isinstance(stranger.read(PPA), AccessDenied)
    stranger.close()


def test_a_token_that_expired(standin: Apart, acts: ControlClient, tmp_path: Path) -> None:
    """Logging in says so; while running it is an outage, not a thousand missing PPAs."""
    running = connected(standin, tmp_path)
    entry = seen(running)
    acts.fault(action="status", status=401, text="Expired token (x).")
    for answer in (running.read(PPA), running.write(entry, "x"), running.look(OWNER), running.content(entry)):
        assert isinstance(answer, Unavailable)
    running.close()
    acts.unfault()
    acts.token("ppa-bot", expired=True)
    with pytest.raises(NotAuthorised, match="Expired token"):
        connected(standin, tmp_path)


def test_a_look_at_many(lp: LaunchpadClient, acts: ControlClient) -> None:
    """301 PPAs are two requests."""
    acts.ppas(OWNER, count=300, prefix="more-")
    look = lp.look(OWNER)
    assert isinstance(look, Look)
    assert len(look.entries) == 301
    assert sent(acts, "GET") == 2


def test_deleted_ppas_are_named_by_a_look_for_ever(lp: LaunchpadClient, acts: ControlClient) -> None:
    """They cost pages, are no entries, and tell which names were used (docs/explanation/launchpad.md#deleted-ppas)."""
    acts.ppas(OWNER, count=300, prefix="old-", deleted=True)
    assert isinstance(lp.remove(seen(lp), boottime() + 10), Done)
    being_deleted = lp.look(OWNER)
    acts.run("publisher")
    deleted = lp.look(OWNER)
    assert isinstance(being_deleted, Look)
    assert isinstance(deleted, Look)
    assert (being_deleted.entries, being_deleted.requests, len(being_deleted.named)) == ({}, 2, 301)
    assert PPA in being_deleted.named - deleted.named
    assert PPA._replace(name=f"{PPA.name}-deletedppa") in deleted.named


def binary(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "version": "1", **more}


def test_everything_in_a_ppa_is_listed_and_can_be_deleted(lp: LaunchpadClient, acts: ControlClient) -> None:
    """Sources, binaries (one publication per architecture; debug ones told), builds, accepted uploads; each deleted by
    the address it was listed under, with one POST.
    """
    acts.upload(REF, "hello", "1", binaries=[binary("hello", debug=True)])
    acts.upload(REF, "late", "2", status="Pending")
    number = acts.build(REF, "late", "2", "Needs building")
    acts.accept(REF, "hello", "1", "hello-more")
    entry = seen(lp)
    content = lp.content(entry)
    assert isinstance(content, Content)
    assert {(one.name, one.version) for one in content.sources} == {("hello", "1"), ("late", "2")}
    assert {(one.name, one.debug) for one in content.binaries} == {("hello", False), ("hello-dbgsym", True)}
    assert len(content.uploads) == 1
    assert [(build.state, build.cancellable) for build in content.builds] == [("Needs building", True)]
    assert content.builds[0].url.endswith(f"/{number}")
    assert content.moment.ended <= boottime()

    debug = next(one for one in content.binaries if one.debug)
    assert isinstance(lp.delete(debug, "gone", boottime() + 10), Refused)
    assert isinstance(lp.cancel(content.builds[0], boottime() + 10), Done)
    for one in (*content.sources, *(one for one in content.binaries if not one.debug)):
        assert isinstance(lp.delete(one, "gone", boottime() + 10), Done)
    left = lp.content(entry)
    assert isinstance(left, Content)
    assert (left.sources, left.binaries, left.builds) == ((), (), ())
    assert sent(acts, "POST") == 2 + len(content.sources) + len(content.binaries) - 1


def test_a_build_that_is_being_cancelled_is_still_on_its_way(lp: LaunchpadClient, acts: ControlClient) -> None:
    """It is in no counter, and it is listed (docs/explanation/launchpad.md#builds)."""
    acts.upload(REF, "hello", "1")
    acts.build(REF, "hello", "1", "Cancelling build")
    content = lp.content(seen(lp))
    assert isinstance(content, Content)
    assert [(build.state, build.cancellable) for build in content.builds] == [("Cancelling build", False)]


def test_many_packages_are_all_listed(lp: LaunchpadClient, acts: ControlClient) -> None:
    """All pages."""
    acts.upload_many(REF, [[f"p{number}", "1"] for number in range(700)])
    content = lp.content(seen(lp))
    assert isinstance(content, Content)
    assert len({one.url for one in content.sources}) == 700


def test_new_content_since(lp: LaunchpadClient, acts: ControlClient) -> None:
    """What was created before does not count, nor what is deleted; more than a page counts as some."""
    entry = seen(lp)
    acts.upload(REF, "old", "1")
    acts.clock(step=3600)
    since = entry.moment.date + timedelta(minutes=30)
    none = lp.new_content(entry, since)
    assert isinstance(none, NewContent)
    assert none.count == 0
    acts.upload(REF, "new", "1")
    some = lp.new_content(entry, since)
    assert isinstance(some, NewContent)
    assert some.count == 1
    assert some.moment.date >= since
    acts.upload_many(REF, [[f"p{number}", "1"] for number in range(310)])
    many = lp.new_content(entry, datetime(2020, 1, 1, tzinfo=UTC))
    assert isinstance(many, NewContent)
    assert many.count >= 1


def test_upload_rights(lp: LaunchpadClient) -> None:
    """Given and taken, each as often as one likes."""
    entry = seen(lp)
    for _ in range(2):
        assert isinstance(lp.grant(entry, "~stranger", Lane.ASSIGN, boottime() + 10), Done)
        assert lp.uploaders(entry) == {"~stranger"}
    for _ in range(2):
        assert isinstance(lp.revoke(entry, "~stranger", boottime() + 10), Done)
        assert lp.uploaders(entry) == set()
    assert isinstance(lp.grant(entry, "~nobody-at-all", Lane.ASSIGN, boottime() + 10), Refused)


def test_one_winner_among_many_threads(lp: LaunchpadClient, acts: ControlClient) -> None:
    """Sixteen threads over one client write on the same entry: one Entry, fifteen Conflicts, and the text is his."""
    entry = seen(lp)
    told: dict[str, object] = {}

    def write(text: str) -> None:
        told[text] = lp.write(entry, text)

    threads = [threading.Thread(target=write, args=(f"text {number}",)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    (winner,) = [text for text, answer in told.items() if isinstance(answer, Entry)]
    assert sum(isinstance(answer, Conflict) for answer in told.values()) == 15
    assert seen(lp).description == winner


def test_five_hundred_threads_and_one_login(lp: LaunchpadClient) -> None:
    """A thread per PPA: all right, in the memory of one login (docs/explanation/launchpad.md#login)."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    right: list[bool] = []
    threads = [threading.Thread(target=lambda: right.append(isinstance(lp.read(PPA), Entry))) for _ in range(500)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert right == [True] * 500
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 150 * 1024


def test_new_content_of_any_age(lp: LaunchpadClient, acts: ControlClient) -> None:
    """Two requests, as for those since a date; where the history is longer than a page, what is active in it is found
    all the same, and a long history by itself is nothing.
    """
    entry = seen(lp)
    acts.upload(REF, "old", "1", status="Deleted", binaries=[{"name": "old", "status": "Deleted"}])
    acts.clock(step=3600)
    before = sent(acts, "GET")
    none = lp.new_content(entry, None)
    assert isinstance(none, NewContent)
    assert (none.count, sent(acts, "GET") - before) == (0, 2)
    acts.upload(REF, "there", "1", status="Pending")
    for number in range(60):
        acts.clock(step=60)
        acts.upload(REF, f"gone{number}", "1", status="Deleted")
    some = lp.new_content(entry, None)
    assert isinstance(some, NewContent)
    assert some.count == 1
    lp.delete(lp.content(entry).sources[0], "", float("inf"))  # type: ignore[union-attr]  # it is a listing
    left = lp.new_content(entry, None)
    assert isinstance(left, NewContent)
    assert left.count == 0
