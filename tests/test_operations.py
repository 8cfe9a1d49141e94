"""The port's calls on the wire: what exactly is sent, and what each possible answer is told as."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ppa_assigner.answers import REDACTED
from ppa_assigner.operations import Operations, origin, reference_of
from ppa_assigner.port import (
    Arrivals,
    Build,
    Conflict,
    Content,
    Done,
    Entry,
    Gone,
    Lane,
    Look,
    Moment,
    Publication,
    Refused,
    Unavailable,
    Unknown,
)
from ppa_assigner.reference import Reference
from ppa_assigner.transport import Timeouts, Transport, boottime
from tests.rawserver import Peer, RawServer, Request, Script

PPA = Reference("ci", "ubuntu", "one")
PATH = "/devel/~ci/+archive/ubuntu/one"
DATE = datetime(2026, 11, 25, 3, 14, 12, tzinfo=timezone.utc)
EARLY = Moment(DATE, 0.0, 0.0)
PLAIN = {"Content_Type": "text/plain; charset=utf-8"}


def archive(root: str = "http://h/", name: str = "one", **fields: Any) -> dict[str, Any]:
    """A PPA as Launchpad shows it, as far as it matters."""
    return {
        "self_link": f"{root}devel/~ci/+archive/ubuntu/{name}",
        "http_etag": f'"1-{name}"',
        "status": "Active",
        "description": "text",
        "displayname": "One",
        "publish": True,
        **fields,
    }


@contextmanager
def service(script: Script, timeouts: Timeouts = Timeouts(2, 5, 10)) -> Iterator[tuple[RawServer, Operations, Entry]]:  # noqa: B008 - frozen
    """A server, the calls to it, and an entry that it could have shown."""

    def signed(method: str, url: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        return {"Authorization": "signed", "User-Agent": "test", **headers}

    with RawServer(script) as server:
        transport = Transport(server.root, timeouts, 16, boottime)
        operations = Operations(f"{server.root}devel/", transport, signed, boottime)
        try:
            yield server, operations, Entry(f"{server.root}{PATH[1:]}", '"1-2"', "text", EARLY)
        finally:
            operations.close()


def soon() -> float:
    """When an act must have left."""
    return boottime() + 10


def fields(request: Request) -> dict[str, str]:
    """Of the query, or of the form."""
    text = request.body.decode() if request.method == "POST" else urlsplit(request.target).query
    return {name: values[0] for name, values in parse_qs(text, strict_parsing=True).items()}


# -- reading ------------------------------------------------------------------------------------------------------


def test_read() -> None:
    """One signed GET of the canonical address; the moment is Launchpad's date and our clock around it."""
    with service(lambda request, peer: peer.json(archive(description="ü\r\n", publish=False))) as (server, lp, _):
        before = boottime()
        entry = lp.read(PPA, Lane.ASSIGN)
        assert isinstance(entry, Entry)
        assert (entry.url, entry.etag) == ("http://h/devel/~ci/+archive/ubuntu/one", '"1-one"')
        assert (entry.description, entry.displayname, entry.publish) == ("ü\r\n", "One", False)
        assert entry.moment.date == DATE
        assert before <= entry.moment.started <= entry.moment.ended <= boottime()
        assert [(request.method, request.target) for request in server.requests] == [("GET", PATH)]
        headers = server.requests[0].headers
        assert (headers["authorization"], headers["user-agent"]) == ("signed", "test")
        assert headers["accept"] == "application/json"
        assert "if-none-match" not in headers


@pytest.mark.parametrize("description", [None, "", "a\n"])
def test_texts_are_told_as_they_are(description: str | None) -> None:
    """null and "" are kept apart."""
    with service(lambda request, peer: peer.json(archive(description=description))) as (_, lp, _entry):
        entry = lp.read(PPA)
        assert isinstance(entry, Entry)
        assert entry.description == description


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "Deleting"},
        {"status": "Deleted"},
        {"status": REDACTED},
        {"status": None},
        {"description": REDACTED},
    ],
)
def test_what_cannot_be_used_is_gone(changed: dict[str, Any]) -> None:
    """Not Active, redacted, or shown by a version that tells no status: never an entry, on reading, writing, listing
    (launchpad-measured.md, 1 and 5).
    """
    data = archive(**changed)

    def script(request: Request, peer: Peer) -> None:
        if "ppas" in request.target:
            return peer.json({"entries": [data]})
        return peer.json(data, status=200 if request.method == "GET" else 209)

    with service(script) as (_, lp, entry):
        assert isinstance(lp.read(PPA), Gone)
        assert isinstance(lp.write(entry, "mine"), Gone)
        look = lp.look("ci")
        assert isinstance(look, Look)
        assert look.entries == {}


def test_an_old_version_of_the_service_is_named() -> None:
    """Without `status`, as 1.0 has it, the reason says what to do."""
    data = archive()
    del data["status"]
    with service(lambda request, peer: peer.json(data)) as (_, lp, _entry):
        answer = lp.read(PPA)
        assert isinstance(answer, Gone)
        assert "devel" in answer.reason


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_denied_or_absent_is_gone(status: int) -> None:
    """With Launchpad's words in one line."""
    with service(lambda request, peer: peer.answer(status, "(<Archive>,\n'x')", **PLAIN)) as (_, lp, _entry):
        answer = lp.read(PPA)
        assert isinstance(answer, Gone)
        assert answer.reason.endswith("(<Archive>, 'x')")
        assert isinstance(lp.look("ci"), Gone)


@pytest.mark.parametrize(
    "text",
    [
        "Expired token (k).",
        "Invalid token",
        "Unknown access token (k).",
        "Inactive account.",
        "Unknown consumer (robot).",
        "Invalid signature.",
    ],
)
def test_refused_credentials_are_not_the_ppas_fault(text: str) -> None:
    """No call takes them for an absent PPA or for a refused write (launchpad-measured.md, 16)."""
    with service(lambda request, peer: peer.answer(401, text, **PLAIN)) as (_, lp, entry):
        told = [
            lp.read(PPA),
            lp.write(entry, "mine"),
            lp.look("ci"),
            lp.arrivals(entry, DATE),
            lp.content(entry),
            lp.uploaders(entry),
            lp.grant(entry, "~ann", Lane.WORK, soon()),
        ]
        for answer in told:
            assert isinstance(answer, Unavailable)
            assert answer.reason == f"Launchpad refuses our credentials: {text}"


@pytest.mark.parametrize("status", [302, 303, 400, 429, 500, 502, 503, 504])
def test_any_other_answer_to_a_read_is_none(status: int) -> None:
    """Unavailable, asked once, with Launchpad's wish when to come back."""
    with service(lambda request, peer: peer.answer(status, Retry_After="900", Location="/")) as (server, lp, _):
        answer = lp.read(PPA)
        assert isinstance(answer, Unavailable)
        assert answer.retry_after == (None if status == 400 else 900.0)
        assert len(server.requests) == 1


def test_retry_after_may_be_a_date() -> None:
    """Counted from Launchpad's own date."""
    with service(lambda r, peer: peer.answer(503, Retry_After="Wed, 25 Nov 2026 03:15:12 GMT")) as (_, lp, _entry):
        answer = lp.read(PPA)
        assert isinstance(answer, Unavailable)
        assert answer.retry_after == 60.0


UNREADABLE = ["", "null", "[]", "{", '{"a": NaN}', "[" * 100_000, json.dumps({**archive(), "http_etag": ""})]


@pytest.mark.parametrize("body", UNREADABLE)
def test_an_unreadable_answer_is_none(body: str) -> None:
    """A read knows nothing then; of a write that left, nothing is known either."""
    with service(lambda request, peer: peer.answer(200 if request.method == "GET" else 209, body)) as (_, lp, entry):
        assert not isinstance(lp.read(PPA), Entry)
        assert not isinstance(lp.write(entry, "mine"), Entry)
        if body != '{"a": NaN}':
            assert isinstance(lp.read(PPA), Unavailable)
            assert isinstance(lp.write(entry, "mine"), Unknown)


def test_an_answer_without_a_date_is_none() -> None:
    """All times are by Launchpad's clock."""
    with service(lambda request, peer: peer.answer(209, json.dumps(archive()), Date="")) as (_, lp, entry):
        assert isinstance(lp.write(entry, "mine"), Unknown)


# -- writing ------------------------------------------------------------------------------------------------------


def test_write() -> None:
    """One conditional PATCH of one field; the type is exactly what the ETag was computed with."""
    text = 'ü "q"\r\n\N{PILE OF POO}'
    with service(lambda request, peer: peer.json(archive(description=text), 209)) as (server, lp, entry):
        written = lp.write(entry, text, Lane.ASSIGN)
        assert isinstance(written, Entry)
        assert written.description == text
        (request,) = server.requests
        assert (request.method, request.target) == ("PATCH", PATH)
        assert request.headers["content-type"] == "application/json"
        assert request.headers["if-match"] == '"1-2"'
        assert json.loads(request.body) == {"description": text}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (412, Conflict),
        (404, Gone),
        (410, Gone),
        (303, Refused),
        (400, Refused),
        (401, Refused),
        (403, Refused),
        (405, Refused),
        (409, Refused),
        (415, Refused),
        (429, Unavailable),
        (200, Unknown),
        (201, Unknown),
        (204, Unknown),
        (301, Unknown),
        (307, Unknown),
        (500, Unknown),
        (502, Unknown),
        (503, Unknown),
        (504, Unknown),
    ],
)
def test_outcomes_of_a_write(status: int, kind: type) -> None:
    """Only 209 is success; each other answer is told for what it proves, and nothing is sent twice or followed."""
    body = "" if status == 204 else json.dumps(archive())
    with service(lambda request, peer: peer.answer(status, body, Location=PATH)) as (server, lp, entry):
        assert type(lp.write(entry, "mine")) is kind
        assert len(server.requests) == 1


def test_a_redirected_write_wrote_nothing() -> None:
    """303 for an address that is not canonical; launchpadlib shows it as success (launchpad-facts.md, C.5)."""
    with service(lambda request, peer: peer.answer(303, Location="http://h/else")) as (_, lp, entry):
        answer = lp.write(entry, "mine")
        assert isinstance(answer, Refused)
        assert "not the canonical address, http://h/else is" in answer.reason


def test_a_refused_write_keeps_launchpads_words() -> None:
    """What right is missing, in one line of bounded length."""
    text = "(<Archive object>, 'description',\n'launchpad.Edit')" + "x" * 1000
    with service(lambda request, peer: peer.answer(401, text, **PLAIN)) as (_, lp, entry):
        answer = lp.write(entry, "mine")
        assert isinstance(answer, Refused)
        assert answer.status == 401
        assert "(<Archive object>, 'description', 'launchpad.Edit')" in answer.reason
        assert len(answer.reason) <= 300


def test_what_cannot_be_stored_is_not_sent() -> None:
    """NUL and lone surrogates are a 500 on Launchpad (launchpad-measured.md)."""
    with service(lambda request, peer: peer.answer(500)) as (server, lp, entry):
        assert isinstance(lp.write(entry, "a\0"), Refused)
        assert isinstance(lp.write(entry, "a\ud800"), Refused)
        assert server.requests == []


def test_a_write_that_was_not_answered_is_unknown() -> None:
    """Whether the server hangs or hangs up."""

    def script(request: Request, peer: Peer) -> None:
        if len(server.requests) == 1:
            peer.hang()
        peer.close()

    with service(script, Timeouts(2, 0.2, 5)) as (server, lp, entry):
        assert isinstance(lp.write(entry, "mine"), Unknown)
        assert isinstance(lp.write(entry, "mine"), Unknown)
        assert len(server.requests) == 2


def test_a_write_that_was_not_sent_is_unavailable() -> None:
    """Nothing listens any more: no doubt about the PPA arises."""
    with service(lambda request, peer: peer.answer(500)) as (_, lp, entry):
        pass
    assert isinstance(lp.write(entry, "mine"), Unavailable)


def test_our_signature_goes_to_one_origin() -> None:
    """Addresses come from answers; one that leads elsewhere is not asked."""
    with service(lambda request, peer: peer.answer(500)) as (server, lp, _):
        with RawServer(lambda request, peer: peer.answer(500)) as other:
            away = Entry(other.root, "1", None, EARLY)
            assert isinstance(lp.write(away, "mine"), Unavailable)
            assert isinstance(lp.grant(away, "~ann", Lane.WORK, soon()), Unavailable)
            assert isinstance(lp.content(away), Unavailable)
            assert isinstance(lp.arrivals(away, DATE), Unavailable)
            assert other.requests == []
        assert server.requests == []


@pytest.mark.parametrize(
    "url", ["http://a.b.evil/", "https://a.b/", "http://a.b:81/", "http://u@a.b/", "http://a.b:x/"]
)
def test_origins(url: str) -> None:
    """Scheme, host and port count."""
    assert origin("http://A.b/x") == origin("http://a.b:80/")
    assert origin(url) != origin("http://a.b/")


# -- listing ------------------------------------------------------------------------------------------------------


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


def test_a_listing_without_end_ends_at_the_total() -> None:
    """All pages of one call share its deadline."""

    def script(request: Request, peer: Peer) -> None:
        peer.released.wait(0.02)
        peer.json({"entries": [], "next_collection_link": f"{server.root}{request.target[1:]}"})

    with service(script, Timeouts(1, 1, 0.6)) as (server, lp, _):
        begun = time.monotonic()
        assert isinstance(lp.look("ci"), Unavailable)
        assert time.monotonic() - begun < 2


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
def test_arrivals(sources: Any, binaries: Any, count: int) -> None:
    """Active ones among those created since; a second page counts as some, and is not fetched."""
    script = arrived({"getPublishedSources": sources, "getPublishedBinaries": binaries})
    with service(script) as (server, lp, entry):
        before = boottime()
        answer = lp.arrivals(entry, DATE - timedelta(hours=1), Lane.ASSIGN)
        assert isinstance(answer, Arrivals)
        assert answer.count == count
        assert before <= answer.moment.started <= answer.moment.ended
        assert answer.moment.date == DATE
        assert len(server.requests) == 2
        for request in server.requests:
            assert fields(request)["created_since_date"] == '"2026-11-25T02:14:12+00:00"'
            assert "status" not in fields(request)


def test_arrivals_are_two_requests_at_once() -> None:
    """The second is there before the first is answered."""

    def script(request: Request, peer: Peer) -> None:
        server.wait(lambda: len(server.requests) == 2)
        peer.json({"entries": []})

    with service(script) as (server, lp, entry):
        assert isinstance(lp.arrivals(entry, DATE), Arrivals)


@pytest.mark.parametrize("lost", ["getPublishedSources", "getPublishedBinaries"])
@pytest.mark.parametrize(("status", "kind"), [(404, Gone), (503, Unavailable), (400, Unavailable)])
def test_half_of_the_arrivals_is_none(lost: str, status: int, kind: type) -> None:
    """If one of both fails, nothing is known."""

    def script(request: Request, peer: Peer) -> None:
        if fields(request)["ws.op"] == lost:
            return peer.answer(status)
        return peer.json({"entries": []})

    with service(script) as (_, lp, entry):
        assert type(lp.arrivals(entry, DATE)) is kind


def test_hung_arrivals_of_work_do_not_delay_those_of_assigning() -> None:
    """Each lane has threads of its own for the second request, as it has connections."""

    def script(request: Request, peer: Peer) -> None:
        if "/slow" in request.target:
            peer.hang()
        peer.json({"entries": []})

    with service(script, Timeouts(2, 20, 20)) as (server, lp, entry), ThreadPoolExecutor(16) as pool:
        slow = Entry(f"{entry.url}/slow", "1", None, EARLY)
        work = [pool.submit(lp.arrivals, slow, DATE) for _ in range(16)]
        server.wait(lambda: len(server.requests) == 12)
        begun = time.monotonic()
        assert isinstance(lp.arrivals(entry, DATE, Lane.ASSIGN), Arrivals)
        assert time.monotonic() - begun < 2
        server.release()
        assert all(isinstance(one.result(20), Arrivals) for one in work)


# -- acting -------------------------------------------------------------------------------------------------------

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
]


@pytest.mark.parametrize(("act", "form"), ACTS)
def test_an_act_is_one_post(act: Act, form: dict[str, str]) -> None:
    """With the fields as launchpadlib would encode them, and no GET after it."""
    with service(lambda request, peer: peer.answer(200, "null")) as (server, lp, entry):
        assert isinstance(act(lp, entry), Done)
        (request,) = server.requests
        assert (request.method, request.target) == ("POST", PATH)
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        assert fields(request) == {name: value.format(root=server.root) for name, value in form.items()}


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (201, Done),
        (303, Refused),
        (400, Refused),
        (401, Refused),
        (404, Gone),
        (410, Gone),
        (429, Unavailable),
        (500, Unavailable),
        (503, Unavailable),
    ],
)
def test_outcomes_of_an_act(status: int, kind: type) -> None:
    """Acts are idempotent, so a lost one is only not done yet."""
    with service(lambda request, peer: peer.answer(status)) as (server, lp, entry):
        answer = lp.grant(entry, "~ann", Lane.WORK, soon())
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


@pytest.mark.parametrize("path", ["/devel/~ci/+archive/ubuntu/one", "/devel/%7Eci/%2Barchive/ubuntu/one"])
def test_addresses_of_ppas(path: str) -> None:
    """Either way of writing them."""
    assert reference_of(f"http://h{path}") == PPA
