"""The control interface: the clock, scripts that run by themselves, the log, people, packages, a fresh world."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import pytest
import urllib3

from ppa_assigner.standin.control_client import ControlClient, ControlError, Rejected
from ppa_assigner.standin.standin import Standin

from .client import Client, archive

PPA = "~ci-pool/ubuntu/pool-001"
PATH = archive(PPA)


def date_of(client: Client) -> datetime:
    """The Date header of an answer."""
    return parsedate_to_datetime(client.send("GET", PATH).headers["Date"])


def test_the_date_header_is_the_standins_clock(client: Client, control: ControlClient) -> None:
    """A clock that is set or stepped shows in the Date header of every answer."""
    control.clock(at="2030-01-02T03:04:05+00:00", speed=0)
    assert date_of(client) == datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
    control.clock(step=-3600)
    assert date_of(client) == datetime(2030, 1, 2, 2, 4, 5, tzinfo=UTC)


def test_the_clock_can_be_sped_up(control: ControlClient) -> None:
    """Speed is how many of its seconds pass in one real second."""
    start = time.monotonic()
    first = datetime.fromisoformat(control.clock(speed=1000)["now"])
    later = datetime.fromisoformat(control.clock()["now"])
    assert timedelta(0) < later - first <= timedelta(seconds=1000 * (time.monotonic() - start))


def test_scripts_run_by_themselves_by_the_clock(control: ControlClient) -> None:
    """A publisher every minute publishes when the clock was stepped by a minute, and not before."""
    control.clock(speed=0)
    control.upload(PPA, "foo", "1", status="Pending")
    assert control.automatic(publisher=60) == {"publisher": 60}
    control.clock(step=59)
    assert control.packages(PPA)["sources"][0]["status"] == "Pending"
    before = control.runs("publisher")
    control.clock(step=2)
    assert control.runs("publisher", least=before + 1, timeout=30) == before + 1
    assert control.packages(PPA)["sources"][0]["status"] == "Published"
    assert control.automatic(publisher=None) == {}


def test_superseded_files_go_after_a_day(control: ControlClient) -> None:
    """The death row removes what was deleted with its next run, what was superseded a day later."""
    control.upload(PPA, "foo", "1")
    control.upload(PPA, "foo", "2")
    control.run("publisher")
    control.run("death_row")
    assert [s["removed"] for s in control.packages(PPA)["sources"]] == [False, False]
    control.clock(step=86_401)
    control.run("death_row")
    assert [s["removed"] for s in control.packages(PPA)["sources"]] == [True, False]


def test_builders_end_what_is_being_cancelled(client: Client, control: ControlClient) -> None:
    """A running build that is cancelled is Cancelling until the builders ran."""
    control.build(PPA, "foo", "1", "Currently building")
    build = client.get(f"{PATH}?ws.op=getBuildRecords")["entries"][0]
    assert client.post(build["self_link"].partition("devel/")[2], "cancel").status == 200
    assert control.packages(PPA)["builds"][0]["state"] == "Cancelling build"
    control.run("builders")
    assert control.packages(PPA)["builds"][0]["state"] == "Cancelled build"


def test_the_log_tells_of_each_request(client: Client, control: ControlClient) -> None:
    """Method, path with query, operation, who, status and times, in order of arrival."""
    since = control.last()
    client.get(f"{PATH}?ws.op=getPublishedSources&ws.size=1")
    client.patch(PATH, {"description": "x"})
    first, second = control.log(since=since)
    assert (first["method"], first["path"]) == ("GET", f"/devel/{PATH}?ws.op=getPublishedSources&ws.size=1")
    assert (first["operation"], first["person"], first["status"]) == ("getPublishedSources", "ppa-bot", 200)
    assert first["number"] < second["number"]
    assert first["started"] <= first["ended"] <= second["started"] <= second["ended"] <= time.monotonic()
    assert [e["method"] for e in control.log(since=since, method="PATCH")] == ["PATCH"]
    assert control.log(since=since, path="nothing") == []


def test_the_log_can_be_waited_for(client: Client, control: ControlClient) -> None:
    """A call that asks for entries to come returns as soon as they are there, or at its deadline."""
    since = control.last()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(control.log, 10.0, since=since, method="PATCH", least=1)
        client.patch(PATH, {"description": "x"})
        assert len(waiting.result(timeout=30)) == 1
    start = time.monotonic()
    assert control.log(since=control.last(), least=1, timeout=0.1) == []
    assert 0.1 <= time.monotonic() - start < 5


def test_get_works_for_people_with_curl(standin: Standin, control: ControlClient) -> None:
    """Acts can be called with GET and a query too, and by number in the path."""
    answer = urllib3.request("GET", f"{standin.control_url}log?since=0&least=0")
    assert (answer.status, answer.json()) == (200, [])
    number = control.fault("status", status=500)
    assert urllib3.request("POST", f"{standin.control_url}unfault/{number}").json() == 1
    assert urllib3.request("GET", f"{standin.control_url}nothing").status == 404
    assert urllib3.request("GET", f"{standin.control_url}ppa?ppa=~nobody/ubuntu/x").status == 400


def test_many_ppas_at_once(client: Client, control: ControlClient) -> None:
    """A thousand PPAs are made in one call and listed in pages of 300."""
    control.team("crowd", "stranger", ["ppa-bot"])
    references = control.ppas("crowd", count=1000, description="text")
    assert (references[0], references[-1]) == ("~crowd/ubuntu/pool-001", "~crowd/ubuntu/pool-1000")
    page = client.get("~crowd/ppas?ws.size=300")
    assert (len(page["entries"]), page["total_size"]) == (300, 1000)
    assert page["entries"][7]["description"] == "text"
    with pytest.raises(ControlError, match="already"):
        control.ppas("crowd", ["pool-001"])


def test_rights_follow_the_team(client: Client, stranger: Client, control: ControlClient) -> None:
    """A member of the owning team may write, others may not, and that changes with the membership."""
    assert stranger.patch(PATH, {"description": "x"}).status == 401
    control.member("ci-pool", "stranger")
    assert stranger.patch(PATH, {"description": "x"}).status == 209
    control.member("ci-pool", "stranger", remove=True)
    assert stranger.patch(PATH, {"description": "y"}).status == 401
    assert client.patch(PATH, {"description": "y"}).status == 209


def test_uploads_follow_the_rights_of_their_signer(control: ControlClient) -> None:
    """Somebody without rights is refused; one who was made uploader is not, until the right is revoked."""
    with pytest.raises(Rejected, match="no upload rights"):
        control.dput(PPA, "foo", "1", signer="stranger")
    control.uploader(PPA, "stranger")
    control.dput(PPA, "foo", "1", signer="stranger")
    control.uploader(PPA, "stranger", remove=True)
    with pytest.raises(Rejected):
        control.dput(PPA, "foo", "2", signer="stranger")
    with pytest.raises(Rejected, match="already accepted"):
        control.dput(PPA, "foo", "1")
    with pytest.raises(Rejected, match="older"):
        control.dput(PPA, "foo", "0.9")


def test_a_reset_leaves_nothing(client: Client, control: ControlClient) -> None:
    """A fresh world has no PPAs, rules, log or old tokens; what waited is dropped."""
    control.fault("hold", method="PATCH")
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(client.patch, PATH, {"description": "x"})
        control.held(least=1, timeout=30)
        about = control.reset({"series": ["plucky"], "arches": ["riscv64"]})
        assert isinstance(future.exception(timeout=30), urllib3.exceptions.ProtocolError)
    assert (about["series"], about["arches"], about["credentials"]) == (["plucky"], ["riscv64"], {})
    assert client.send("GET", PATH).status == 401
    assert (control.faults(), control.held()) == ([], [])
    with pytest.raises(ControlError):
        control.description(PPA)
