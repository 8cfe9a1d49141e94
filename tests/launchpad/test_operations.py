"""Lists, acts and new content on the wire: what is sent, how often, where to, and until when."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from ppa_assigner.launchpad.http import Timeouts
from ppa_assigner.launchpad.operations import Operations
from ppa_assigner.port import Build, Content, Done, Entry, Lane, Look, NewContent, Publication, Refused, Unavailable
from ppa_assigner.reference import Reference
from ppa_assigner.times import boottime
from tests.rawserver import Peer, RawServer, Request, Script
from tests.rawservice import DATE, EARLY, PATH, archive, fields, service, soon


def test_our_signature_goes_to_one_origin() -> None:
    """Addresses come from answers; one that leads elsewhere is not asked."""
    with service(lambda request, peer: peer.answer(500)) as (server, lp, _):
        with RawServer(lambda request, peer: peer.answer(500)) as other:
            away = Entry(other.root, "1", None, EARLY)
            assert isinstance(lp.write(away, "mine"), Unavailable)
            assert isinstance(lp.grant(away, "~ann", Lane.WORK, soon()), Unavailable)
            assert isinstance(lp.content(away), Unavailable)
            assert isinstance(lp.new_content(away, DATE), Unavailable)
            assert other.requests == []
        assert server.requests == []


def test_a_look_at_301_ppas_is_two_requests() -> None:
    """300 a page; entries are good for a write."""

    def script(request: Request, peer: Peer) -> None:
        rest = "ws.start=300" in request.target
        names = ["last"] if rest else [f"n{number}" for number in range(300)]
        page: dict[str, Any] = {"entries": [archive(server.root, name) for name in names]}
        if not rest:
            page["next_collection_link"] = f"{server.root}devel/~ci/ppas?ws.size=300&ws.start=300"
        peer.json(page)

    with service(script) as (server, lp, _):
        before = boottime()
        look = lp.look("ci")
        assert isinstance(look, Look)
        assert len(look.entries) == 301
        assert look.entries[Reference("ci", "ubuntu", "last")].etag == '"1-last"'
        assert before <= look.started <= look.entries[Reference("ci", "ubuntu", "n0")].moment.started
        assert look.ended == look.entries[Reference("ci", "ubuntu", "last")].moment.ended
        assert [request.target for request in server.requests] == [
            "/devel/~ci/ppas?ws.size=300",
            "/devel/~ci/ppas?ws.size=300&ws.start=300",
        ]


@pytest.mark.parametrize("following", ["http://127.0.0.1:1/x", "nonsense", 7])
def test_a_listing_does_not_lead_away(following: object) -> None:
    """A next page elsewhere makes no listing, not half a one."""
    with service(lambda r, peer: peer.json({"entries": [], "next_collection_link": following})) as (server, lp, _):
        assert isinstance(lp.look("ci"), Unavailable)
        assert len(server.requests) == 1


def test_a_listing_does_not_lead_to_another_scheme() -> None:
    """The same host and port by another protocol is another origin: what it answers is not Launchpad's."""

    def script(request: Request, peer: Peer) -> None:
        away = f"https{server.root.removeprefix('http')}devel/~ci/ppas?ws.size=300&ws.start=300"
        peer.json({"entries": [], "next_collection_link": away})

    with service(script) as (server, lp, _):
        look = lp.look("ci")
        assert isinstance(look, Unavailable)
        assert look.reason.startswith("not sent: https:"), look.reason
        assert len(server.requests) == 1


def test_a_listing_without_end_ends_at_the_total() -> None:
    """All pages of one call share its deadline."""

    def script(request: Request, peer: Peer) -> None:
        peer.released.wait(0.02)
        peer.json({"entries": [], "next_collection_link": f"{server.root}{request.target[1:]}"})

    with service(script, Timeouts(1, 1, 0.6)) as (server, lp, _):
        begun = time.monotonic()
        assert isinstance(lp.look("ci"), Unavailable)
        assert time.monotonic() - begun < 8


def arrived(counts: Mapping[str, tuple[list[str], bool]]) -> Script:
    def script(request: Request, peer: Peer) -> None:
        statuses, more = counts[fields(request)["ws.op"]]
        page: dict[str, Any] = {"entries": [{"status": status} for status in statuses]}
        peer.json({**page, "next_collection_link": "http://h/"} if more else page)

    return script


@pytest.mark.parametrize(
    ("sources", "binaries", "count"),
    [
        (([], False), ([], False), 0),
        ((["Deleted", "Superseded", "Obsolete"], False), (["Deleted"], False), 0),
        ((["Pending", "Deleted"], False), (["Published", "Published"], False), 3),
        ((["Deleted"], True), ([], False), 1),
        (([], False), (["Deleted"], True), 1),
    ],
)
def test_new_content(sources: Any, binaries: Any, count: int) -> None:
    """Active ones among those created since; a second page counts as some, and is not fetched."""
    script = arrived({"getPublishedSources": sources, "getPublishedBinaries": binaries})
    with service(script) as (server, lp, entry):
        before = boottime()
        answer = lp.new_content(entry, DATE - timedelta(hours=1), Lane.ASSIGN)
        assert isinstance(answer, NewContent)
        assert answer.count == count
        assert before <= answer.moment.started <= answer.moment.ended
        assert answer.moment.date == DATE
        assert len(server.requests) == 2
        for request in server.requests:
            assert fields(request)["created_since_date"] == '"2026-11-25T02:14:12+00:00"'
            assert "status" not in fields(request)


def test_new_content_are_two_requests_at_once() -> None:
    """The second is there before the first is answered."""

    def script(request: Request, peer: Peer) -> None:
        server.wait(lambda: len(server.requests) == 2)
        peer.json({"entries": []})

    with service(script) as (server, lp, entry):
        assert isinstance(lp.new_content(entry, DATE), NewContent)


@pytest.mark.parametrize("lost", ["getPublishedSources", "getPublishedBinaries"])
@pytest.mark.parametrize(("status", "kind"), [(404, Unavailable), (503, Unavailable), (400, Unavailable)])
def test_half_of_the_new_content_is_none(lost: str, status: int, kind: type) -> None:
    """If one of both fails, nothing is known."""

    def script(request: Request, peer: Peer) -> None:
        if fields(request)["ws.op"] == lost:
            return peer.answer(status)
        return peer.json({"entries": []})

    with service(script) as (_, lp, entry):
        assert type(lp.new_content(entry, DATE)) is kind


def test_hung_new_content_of_work_do_not_delay_those_of_assigning() -> None:
    """Each lane has threads of its own for the second request, as it has connections."""

    def script(request: Request, peer: Peer) -> None:
        if "/slow" in request.target:
            peer.hang()
        peer.json({"entries": []})

    with service(script, Timeouts(2, 20, 20)) as (server, lp, entry), ThreadPoolExecutor(16) as pool:
        slow = Entry(f"{entry.url}/slow", "1", None, EARLY)
        work = [pool.submit(lp.new_content, slow, DATE) for _ in range(16)]
        server.wait(lambda: len(server.requests) == 12)
        begun = time.monotonic()
        assert isinstance(lp.new_content(entry, DATE, Lane.ASSIGN), NewContent)
        assert time.monotonic() - begun < 8
        server.release()
        assert all(isinstance(one.result(20), NewContent) for one in work)


Act = Callable[[Operations, Entry], object]
PERSON = '"{root}devel/~ann"'
ACTS: list[tuple[Act, dict[str, str]]] = [
    (
        lambda lp, entry: lp.delete(Publication(entry.url, "p", "1", "noble"), "two\nlines", soon()),
        {"ws.op": "requestDeletion", "removal_comment": '"two lines"'},
    ),
    (lambda lp, entry: lp.cancel(Build(entry.url, "b", "Needs building", True), soon()), {"ws.op": "cancel"}),
    (
        lambda lp, entry: lp.grant(entry, "~ann", Lane.WORK, soon()),
        {"ws.op": "newComponentUploader", "person": PERSON, "component_name": '"main"'},
    ),
    (
        lambda lp, entry: lp.revoke(entry, "~ann", soon()),
        {"ws.op": "deleteComponentUploader", "person": PERSON, "component_name": '"main"'},
    ),
    (
        lambda lp, entry: lp.add_dependency(entry, "~a/ubuntu/b", soon()),
        {
            "ws.op": "addArchiveDependency",
            "dependency": '"{root}devel/~a/+archive/ubuntu/b"',
            "pocket": "Release",
            "component": '"main"',
        },
    ),
    (
        lambda lp, entry: lp.add_dependency(entry, "ubuntu", soon()),
        {
            "ws.op": "addArchiveDependency",
            "dependency": '"{root}devel/ubuntu/+archive/primary"',
            "pocket": "Updates",
            "component": '"multiverse"',
        },
    ),
    (
        lambda lp, entry: lp.remove_dependency(entry, "~a/ubuntu/b", soon()),
        {"ws.op": "removeArchiveDependency", "dependency": '"{root}devel/~a/+archive/ubuntu/b"'},
    ),
    (
        lambda lp, entry: lp.set_processors(entry, ["arm64", "386", "arm64"], soon()),
        {"ws.op": "setProcessors", "processors": '["{root}devel/+processors/386", "{root}devel/+processors/arm64"]'},
    ),
    (
        lambda lp, entry: lp.set_processors(entry, [], soon()),
        {"ws.op": "setProcessors", "processors": "[]"},
    ),
]


@pytest.mark.parametrize(("act", "form"), ACTS)
def test_an_act_is_one_post(act: Act, form: dict[str, str]) -> None:
    """With the fields as launchpadlib would encode them, and no GET after it."""
    with service(lambda request, peer: peer.answer(200, "null")) as (server, lp, entry):
        assert isinstance(act(lp, entry), Done)
        (request,) = server.requests
        assert (request.method, request.target) == ("POST", PATH)
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        assert fields(request) == {name: value.replace("{root}", server.root) for name, value in form.items()}


@pytest.mark.parametrize("act", [act for act, _ in ACTS])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (201, Done),
        (303, Refused),
        (400, Refused),
        (401, Refused),
        (404, Refused),
        (410, Refused),
        (412, Unavailable),
        (429, Unavailable),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
def test_outcomes_of_an_act(act: Act, status: int, kind: type) -> None:
    """Acts are idempotent, so a lost one is only not done yet."""
    with service(lambda request, peer: peer.answer(status)) as (server, lp, entry):
        answer = act(lp, entry)
        assert type(answer) is kind
        assert not isinstance(answer, Unavailable) or answer.sent is (status >= 500)
        assert len(server.requests) == 1


@pytest.mark.parametrize("act", [act for act, _ in ACTS])
def test_a_lost_act_is_sent_once(act: Act) -> None:
    """POST cannot be made conditional: never a second time unasked; that it left is told."""
    with service(lambda request, peer: peer.close()) as (server, lp, entry):
        answer = act(lp, entry)
        assert isinstance(answer, Unavailable)
        assert answer.sent
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [(200, Done), (303, Refused), (400, Refused), (401, Refused), (404, Refused), (503, Unavailable)],
)
def test_a_ppa_is_removed_by_one_delete(status: int, kind: type) -> None:
    """Launchpad refuses a second one; what may have been done is told apart from what was not."""
    with service(lambda request, peer: peer.answer(status, "null")) as (server, lp, entry):
        assert not getattr(lp.remove(entry, boottime() - 1), "sent", True)
        answer = lp.remove(entry, soon())
        assert type(answer) is kind
        assert not isinstance(answer, Unavailable) or answer.sent
        assert [(one.method, one.target) for one in server.requests] == [("DELETE", PATH)]


def test_a_lost_removal_is_sent_once() -> None:
    """That it left is told."""
    with service(lambda request, peer: peer.close()) as (server, lp, entry):
        answer = lp.remove(entry, soon())
        assert isinstance(answer, Unavailable)
        assert answer.sent
        assert len(server.requests) == 1


def test_an_act_leaves_in_time_or_never() -> None:
    """`not_after` by the boot-time clock: what would destroy something leaves only soon after the read it rests on."""
    with service(lambda request, peer: peer.answer(200)) as (server, lp, entry):
        publication = Publication(entry.url, "p", "1", "noble")
        late = lp.delete(publication, "c", boottime())
        assert isinstance(late, Unavailable)
        assert not late.sent
        assert isinstance(lp.revoke(entry, "~ann", boottime() - 1), Unavailable)
        assert server.requests == []
        assert isinstance(lp.delete(publication, "c", boottime() + 5), Done)


def test_a_simple_service_has_no_queues(caplog: pytest.LogCaptureFixture) -> None:
    """Without build records, series or upload queues there is nothing in them: said once."""

    def script(request: Request, peer: Peer) -> None:
        if "/series" in request.target:
            return peer.answer(404)
        if "Published" in fields(request)["ws.op"]:
            return peer.json({"entries": []})
        return peer.answer(400, f"No such operation: {fields(request)['ws.op']}")

    with service(script) as (_, lp, entry):
        for _turn in range(2):
            content = lp.content(entry)
            assert isinstance(content, Content)
            assert content.empty
    assert len([record for record in caplog.records if "has no" in record.message]) == 3
