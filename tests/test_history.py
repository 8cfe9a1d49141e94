"""The past of a PPA: what the comments of its deletions say, as a rule and on real processes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from ppa_assigner.history import WITHOUT, PastLease, comment, past_leases
from ppa_assigner.publications import PastSource
from ppa_assigner.record import Record, State, parse_time

from .commandline import cli
from .processes import Daemon, Launchpad, configure, running, running_launchpad

T0 = datetime(2026, 11, 25, 3, 0, 0, tzinfo=UTC)
T1 = T0 + timedelta(hours=1)
DIRTY = Record(
    serial=2,
    nonce="n",
    state=State.DIRTY,
    since=T1,
    touched=T1,
    pool="p",
    owner="ticket 7: a\nb",
    lease="abc",
    began=T0,
)
TEXT = "ppa-assigner: lease abc from 2026-11-25T03:00:00Z to 2026-11-25T04:00:00Z of ticket 7: a b"
SERVICE = "http://snapshots.example/{owner}/{name}/{at}"


def past(name: str = "hello", version: str = "1", text: str | None = TEXT, **more: Any) -> PastSource:
    """A source that was deleted."""
    return PastSource(name, version, "noble", **{"created": T0, "published": True, "comment": text, **more})


def test_what_a_comment_says_is_read_back() -> None:
    """The adapter makes one line of it, whatever an owner is called."""
    assert " ".join(comment(DIRTY, named=True).split()) == TEXT
    (lease,) = past_leases([past(), past("other"), past(text="deleted by hand"), past(text=WITHOUT)])
    assert lease == PastLease(
        "abc", "ticket 7: a b", T0, T1, (("hello", "1", "noble"), ("other", "1", "noble")), published=True
    )


@pytest.mark.parametrize(
    ("at", "theirs"),
    [(T0 - timedelta(seconds=1), False), (T0, True), (T1, True), (T1 + timedelta(seconds=1), False)],
)
def test_what_was_superseded_is_of_the_lease_in_which_it_came(at: datetime, theirs: bool) -> None:
    """It was not deleted, so that no comment names its lease."""
    (lease,) = past_leases([past(version="2"), past(version="1", text=None, created=at)])
    assert (("hello", "1", "noble") in lease.sources) is theirs


@pytest.mark.parametrize(("record", "named"), [(DIRTY, False), (None, True), (replace(DIRTY, lease=None), True)])
def test_without_a_lease_to_name_a_comment_names_none(record: Record | None, named: bool) -> None:
    """A pool that keeps names to itself, and a PPA that was adopted."""
    assert comment(record, named=named) == WITHOUT


def test_a_record_of_an_older_daemon_does_not_know_the_begin() -> None:
    """The rest is told all the same."""
    text = " ".join(comment(replace(DIRTY, began=None), named=True).split())
    (lease,) = past_leases([past(text=text)])
    assert (lease.since, lease.until, lease.owner) == (None, T1, "ticket 7: a b")


def test_what_was_superseded_during_the_lease_was_in_it_too() -> None:
    """Launchpad deletes it by itself, without a comment; what came before or after, or is active, is of others."""
    inside = past("old", text=None, created=T0 + timedelta(minutes=5))
    others = [
        past("before", text=None, created=T0 - timedelta(1)),
        past("after", text=None, created=T1 + timedelta(1)),
        past("now", text=None, created=T1, active=True),
    ]
    (lease,) = past_leases([past(), inside, *others])
    assert [name for name, _, _ in lease.sources] == ["hello", "old"]


@pytest.mark.parametrize("text", ["ppa-assigner: lease abc from yesterday to now of me", "ppa-assigner: lease", ""])
def test_what_is_no_comment_of_ours_tells_of_no_lease(text: str) -> None:
    """Anybody may write there."""
    assert past_leases([past(text=text)]) == ()


def test_the_newest_lease_is_first() -> None:
    """And whether anything was published is told of each."""
    later = TEXT.replace("abc", "def").replace("04:00", "05:00")
    found = past_leases([past(published=False), past(text=later)])
    assert [(lease.lease, lease.published) for lease in found] == [("def", True), ("abc", False)]


# -- on real processes ------------------------------------------------------------------------------------------------


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """Two PPAs."""
    with running_launchpad("--owner", "ci-pool", "--ppas", "2") as launchpad:
        yield launchpad


def configured(folder: Path, launchpad: Launchpad) -> Daemon:
    """Two pools: the second one names nobody."""
    daemon = configure(folder, launchpad)
    document = json.loads(daemon.config.read_text())
    document["pools"] = {
        "default": {"ppas": ["~ci-pool/ubuntu/pool-001"], "settle": "1s"},
        "quiet": {"ppas": ["~ci-pool/ubuntu/pool-002"], "settle": "1s", "removal_comment": False},
    }
    document["launchpad"]["snapshots"] = SERVICE
    daemon.config.write_text(json.dumps(document))
    return daemon


def ended(daemon: Daemon) -> list[dict[str, Any]]:
    """The ends of leases, as the events tell them."""
    text = daemon.http.get("/v1/events", params={"follow": "false"}).text
    events = (json.loads(line.removeprefix("data: ")) for line in text.splitlines() if line.startswith("data: "))
    found = (event["data"] for event in events if event.get("kind") == "transition")
    return [data for data in found if (data["from"], data["to"]) == ("used", "dirty")]


def lease_with(daemon: Daemon, launchpad: Launchpad, owner: str, version: str, pool: str = "default") -> dict[str, Any]:
    """A lease in which a source was published, given back and cleaned."""
    lent: dict[str, Any] = daemon.assign(owner=owner, pool=pool, wait=60).json()
    launchpad.control.upload(lent["ppa"], "hello", version, binaries=[{"name": "hello"}])
    assert lent["snapshot"] is None
    released = daemon.http.delete(f"/v1/leases/{lent['id']}").json()
    at = released["since"].replace("-", "").replace(":", "")
    url = f"http://snapshots.example/ci-pool/{lent['ppa'].rpartition('/')[2]}/{at}"
    assert released["snapshot"] == {"at": released["since"], "url": url}
    (moved,) = [one for one in ended(daemon) if one["lease"] == lent["id"]]
    assert moved["snapshot"] == released["snapshot"]
    daemon.wait_for_states(free=2)
    return lent


def test_who_had_a_ppa_is_read_back_after_any_restart(tmp_path: Path, launchpad: Launchpad) -> None:
    """From the comments of the deletions, by a daemon that has just been started; a quiet pool tells nothing."""
    daemon = configured(tmp_path, launchpad)
    with running(daemon):
        daemon.start()
        daemon.wait_for_states(free=2)
        first = lease_with(daemon, launchpad, "ticket 1", "1.0")
        second = lease_with(daemon, launchpad, "ticket 2", "2.0")
        lease_with(daemon, launchpad, "ticket 3", "3.0", pool="quiet")
        daemon.kill()
        daemon.start()
        found = daemon.http.get(f"/v1/ppas/{first['ppa']}/history").json()["items"]
        assert [(one["lease"], one["owner"], one["since"]) for one in found] == [
            (second["id"], "ticket 2", second["since"]),
            (first["id"], "ticket 1", first["since"]),
        ]
        assert found[0]["sources"] == [{"name": "hello", "version": "2.0", "series": "noble"}]
        assert parse_time(found[0]["until"]) >= parse_time(found[0]["since"])
        at = found[0]["until"].replace("-", "").replace(":", "")
        assert found[0]["snapshot"] == {
            "at": found[0]["until"],
            "url": f"http://snapshots.example/ci-pool/pool-001/{at}",
        }
        assert daemon.http.get("/v1/ppas/~ci-pool/ubuntu/pool-002/history").json() == {"items": []}
        assert daemon.http.get("/v1/ppas/~ci-pool/ubuntu/none/history").status_code == 404
        comments = {one["comment"] for one in launchpad.control.packages("~ci-pool/ubuntu/pool-002")["sources"]}
        assert comments == {WITHOUT}
        done = cli("history", "ppa:ci-pool/pool-001", url=f"unix:{daemon.address}")
        assert (done.returncode, done.stderr) == (0, "")
        lines = done.stdout.splitlines()
        assert lines[0] == f"{second['since']}  {found[0]['until']}  ticket 2  {second['id']}"
        assert lines[1:3] == ["  hello 2.0 noble", f"  {found[0]['snapshot']['url']}"]
        whole = cli("history", "ppa:ci-pool/pool-001", "--json", url=f"unix:{daemon.address}")
        assert json.loads(whole.stdout) == {"items": found}


def test_a_lease_that_published_nothing_leaves_nothing(tmp_path: Path, launchpad: Launchpad) -> None:
    """Nor is anything to be read of it; while its PPA remembers it, the lease says so."""
    daemon = configured(tmp_path, launchpad)
    with running(daemon):
        daemon.start()
        daemon.wait_for_states(free=2)
        lent = daemon.assign(owner="ticket 1").json()
        assert daemon.http.delete(f"/v1/leases/{lent['id']}").json()["snapshot"] is None
        assert daemon.http.get(f"/v1/leases/{lent['id']}").json()["snapshot"] is None
        daemon.wait_for_states(free=2)
        assert daemon.http.get(f"/v1/ppas/{lent['ppa']}/history").json() == {"items": []}
