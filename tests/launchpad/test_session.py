"""Signed requests to one web service: what is handed to the transport, and what becomes of each way to fail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from ppa_assigner import __version__
from ppa_assigner.launchpad.http import HttpTransport, NoResponseError, NotSentError, Response, Timeouts
from ppa_assigner.launchpad.responses import RequestFailedError, UnreadableResponseError
from ppa_assigner.launchpad.session import (
    MAX_PAGES,
    MissingOperations,
    Session,
    entries,
    failure_as_answer,
    get_confirming_404,
    operation_form,
    operation_url,
    pages,
)
from ppa_assigner.port import Done, Entry, Lane, Refused, Unavailable, Unknown
from ppa_assigner.times import boottime
from tests.rawservice import EARLY

ROOT = "https://api.test/devel/"
URL = f"{ROOT}~ci/+archive/ubuntu/one"
ENTRY = Entry(URL, '"1-2"', "text", EARLY)
DATED = {"date": "Wed, 25 Nov 2026 03:14:12 GMT"}


@dataclass
class Sent:
    """One request as the transport is asked for it."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None
    lane: Lane | None = None
    deadline: float | None = None
    leave_by: float | None = None


class Noting(HttpTransport):
    """Sends nothing: notes each request, and answers with `status` or fails with `failure`."""

    def __init__(self, connections: int = 16, total: float = 60.0) -> None:
        super().__init__(ROOT, Timeouts(1, 1, total), connections, boottime)
        self.sent: list[Sent] = []
        self.status = 200
        self.failure: Exception | None = None

    def request(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None = None, **how: Any
    ) -> Response:
        self.sent.append(Sent(method, url, headers, body, **how))
        if self.failure is not None:
            raise self.failure
        return Response(self.status, DATED, b"null", 1.0, 2.0)


def asking(transport: HttpTransport) -> Session:
    """Whose signature tells that it is one."""

    def signed(headers: Mapping[str, str]) -> Mapping[str, str]:
        return {**headers, "Authorization": f"ours, {len(headers)} headers"}

    return Session(ROOT, transport, signed)


def test_a_request_is_signed_as_it_is_sent() -> None:
    """With the headers and the limits of whoever asks, and JSON as what is wanted."""
    wire = Noting()
    asking(wire).send("PUT", URL, {"X": "y"}, b"body", lane=Lane.ASSIGN, deadline=3.0, leave_by=4.0)
    headers = {"Accept": "application/json", "X": "y", "Authorization": "ours, 2 headers"}
    assert wire.sent == [Sent("PUT", URL, headers, b"body", Lane.ASSIGN, 3.0, 4.0)]
    asking(wire).send("GET", URL, {"Accept": "text/plain"}, lane=Lane.WORK)
    assert wire.sent[1].headers["Accept"] == "text/plain"


def test_a_request_that_is_not_ours_is_not_signed() -> None:
    """It says only which program sends it."""
    wire = Noting()
    asking(wire).send("GET", URL, lane=Lane.WORK, signed=False)
    assert wire.sent[0].headers == {"Accept": "application/json", "User-Agent": f"ppa-assigner/{__version__}"}


@pytest.mark.parametrize("url", ["https://evil.test/", "http://api.test/devel/", "https://api.test:81/", "no", ""])
def test_nothing_is_sent_elsewhere(url: str) -> None:
    """Neither with our signature nor without, and the reason names the address."""
    wire = Noting()
    for ours in (True, False):
        with pytest.raises(NotSentError, match=r"^not sent: "):
            asking(wire).send("GET", url, lane=Lane.WORK, signed=ours)
    assert not wire.sent


def test_all_requests_of_one_call_have_one_deadline() -> None:
    """That of the call where it has one, else a new one; in its lane."""
    wire = Noting()
    get = asking(wire).getter()
    get(URL)
    get(URL)
    first, second = wire.sent
    assert (first.method, first.lane) == ("GET", Lane.WORK)
    assert first.deadline == second.deadline
    assert first.deadline is not None
    assert first.deadline > boottime() - 1_000_000
    assert "Authorization" in first.headers
    asking(wire).getter(Lane.ASSIGN, 7.0, signed=False)(URL)
    assert (wire.sent[2].lane, wire.sent[2].deadline) == (Lane.ASSIGN, 7.0)
    assert "Authorization" not in wire.sent[2].headers


@pytest.mark.parametrize(("connections", "at_once"), [(16, 10), (3, 1)])
def test_listings_leave_connections_to_single_requests(connections: int, at_once: int) -> None:
    """Five sixths of those for work, one at the least; the next one is not begun in time, and then there is room."""
    wire = Noting(connections, total=0.2)
    service = asking(wire)
    turns = [service.listing() for _ in range(at_once)]
    for turn in turns:
        turn.__enter__()(URL)
    assert all(sent.deadline is not None and sent.lane is Lane.WORK for sent in wire.sent)
    with pytest.raises(NotSentError, match="too many other listings"), service.listing():
        pass
    turns[0].__exit__(None, None, None)
    with service.listing() as get:
        get(URL)


def test_a_write_is_conditional_on_what_was_read() -> None:
    """In exactly the type that the ETag was computed with, as ASCII, in the lane of whoever writes."""
    wire = Noting()
    wire.status = 412
    asking(wire).patch(ENTRY, {"description": "\N{SNOWMAN}", "private": True}, Lane.ASSIGN)
    (sent,) = wire.sent
    assert (sent.method, sent.url, sent.lane) == ("PATCH", URL, Lane.ASSIGN)
    assert sent.body == b'{"description": "\\u2603", "private": true}'
    assert (sent.headers["Content-Type"], sent.headers["If-Match"]) == ("application/json", '"1-2"')


@pytest.mark.parametrize("text", ["\0", "\ud800"])
def test_what_launchpad_cannot_hold_is_refused_here(text: str) -> None:
    """As of when it was read; nothing is sent."""
    wire = Noting()
    refused = asking(wire).patch(ENTRY, {"displayname": "x", "description": text}, Lane.WORK)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.moment) == ("NUL and lone surrogates cannot be kept on Launchpad", EARLY)
    assert not wire.sent


def test_a_form_is_posted() -> None:
    """Once, with the limits of whoever asks; for work, where nothing else is said."""
    wire = Noting()
    asking(wire).post(URL, {"ws.op": "x", "a": "b c"}, lane=Lane.ASSIGN, deadline=3.0, leave_by=4.0)
    asking(wire).post(URL, {})
    assert [(sent.method, sent.url, sent.body) for sent in wire.sent] == [
        ("POST", URL, b"ws.op=x&a=b+c"), ("POST", URL, b"")
    ]  # fmt: skip
    assert [(sent.lane, sent.deadline, sent.leave_by) for sent in wire.sent] == [
        (Lane.ASSIGN, 3.0, 4.0), (Lane.WORK, None, None)
    ]  # fmt: skip
    assert wire.sent[0].headers["Content-Type"] == "application/x-www-form-urlencoded"


def test_a_form_that_cannot_be_encoded_is_not_sent() -> None:
    """A lone surrogate; the reason says so."""
    wire = Noting()
    with pytest.raises(NotSentError, match=r"^not sent: surrogates not allowed$"):
        asking(wire).post(URL, {"a": "\ud800"})
    assert not wire.sent


def test_an_act_is_a_post_that_leaves_in_time() -> None:
    """For work, where nothing else is said."""
    wire = Noting()
    assert isinstance(asking(wire).act(URL, {"ws.op": "x"}, 9.0, Lane.ASSIGN), Done)
    asking(wire).act(URL, {"ws.op": "x"}, 9.0)
    assert [(sent.body, sent.leave_by, sent.lane) for sent in wire.sent] == [
        (b"ws.op=x", 9.0, Lane.ASSIGN), (b"ws.op=x", 9.0, Lane.WORK)
    ]  # fmt: skip


def test_what_was_lost_after_it_left_is_not_known() -> None:
    """A write that nobody answered is neither done nor refused; what did not leave is not done; each says why."""
    wire = Noting()
    service = asking(wire)
    wire.failure = NoResponseError("lost")
    assert service.patch(ENTRY, {}, Lane.WORK) == Unknown("lost")
    assert service.act(URL, {}, 9.0) == Unavailable("lost", sent=True)
    wire.failure = NotSentError("no route")
    assert service.patch(ENTRY, {}, Lane.WORK) == Unavailable("no route")
    assert service.act(URL, {}, 9.0) == Unavailable("no route")


def test_how_a_call_of_several_requests_failed_is_an_answer() -> None:
    """The service's own where it gave one; else why there is none."""
    refused = Refused("no", EARLY)

    def failing(error: Exception) -> Any:
        def ask() -> None:
            raise error

        return failure_as_answer(ask)

    assert failure_as_answer(lambda: 7) == 7
    assert failing(RequestFailedError(refused)) is refused
    for error in (NotSentError("a"), NoResponseError("a"), UnreadableResponseError("a")):
        assert failing(error) == Unavailable("a")


# -- operations and collections ----------------------------------------------------------------------------------------


def test_an_operation_is_encoded_as_launchpads_own_client_does() -> None:
    """JSON, but for values from a fixed choice; a listing's is in its address, with the size of its pages."""
    fields = {"ws.op": "x", "status": "Published", "exact_match": "true", "source_name": '"hello"'}
    assert operation_form("x", status="Published", exact_match=True, source_name="hello") == fields
    assert operation_url(URL, "x", size=7, status="a b", n=1) == f"{URL}?ws.op=x&status=a+b&n=1&ws.size=7"


class Pages:
    """Answers each address with its page, and notes what was asked for."""

    def __init__(self, *documents: dict[str, Any]) -> None:
        self.left, self.asked = list(documents), list[str]()

    def get(self, url: str) -> Response:
        """The next one, and the last one over and over."""
        self.asked.append(url)
        document = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        return Response(200, DATED, json.dumps(document).encode(), 1.0, 2.0)


def test_a_collection_is_followed_to_its_end() -> None:
    """Page by page, by the link of each; the entries in their order."""
    first, last = {"entries": [{"n": 1}, {"n": 2}], "next_collection_link": f"{URL}?2"}, {"entries": [{"n": 3}]}
    there = Pages(first, last)
    assert [one["n"] for one in entries(there.get, URL)] == [1, 2, 3]
    assert there.asked == [URL, f"{URL}?2"]
    ((_, moment),) = pages(Pages(last).get, URL)
    assert (moment.started, moment.ended) == (1.0, 2.0)


def test_a_collection_without_end_is_none() -> None:
    """It would hold the clean for ever."""
    there = Pages({"entries": [], "next_collection_link": URL})
    with pytest.raises(RequestFailedError):
        list(entries(there.get, URL))
    assert len(there.asked) == MAX_PAGES


@pytest.mark.parametrize(
    ("statuses", "asked", "status"), [((404, 200), 2, 200), ((404, 404), 2, 404), ((500,), 1, 500)]
)
def test_only_what_is_not_there_is_asked_for_again(statuses: tuple[int, ...], asked: int, status: int) -> None:
    """Once: what is not there twice is not there."""
    urls, left = list[str](), list(statuses)

    def get(url: str) -> Response:
        urls.append(url)
        return Response(left.pop(0), DATED, b"null", 1.0, 2.0)

    assert get_confirming_404(get, URL).status == status
    assert urls == [URL] * asked


@pytest.mark.parametrize(
    ("status", "body", "also_404", "missing"),
    [
        (400, b"No such operation: x", False, True),
        (400, b"No such operation: x", True, True),
        (400, b"no such series", True, False),
        (500, b"No such operation: x", False, False),
        (404, b"Not found", False, False),
        (404, b"Not found", True, True),
        (200, b"[]", True, False),
    ],
)
def test_which_answers_mean_that_there_is_no_such_operation_form(
    status: int, body: bytes, also_404: bool, missing: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """A service that is simpler than Launchpad says so; of each operation once in the log, by its name."""
    services = MissingOperations()
    for _ in range(2):
        assert services.is_missing(Response(status, DATED, body, 1.0, 2.0), "getBuilds", also_404=also_404) is missing
    assert services.is_missing(Response(status, DATED, body, 1.0, 2.0), "getUploads", also_404=also_404) is missing
    named = ["getBuilds", "getUploads"] if missing else []
    assert [record.args for record in caplog.records] == [(name,) for name in named]


def test_where_nothing_is_said_a_404_does_not_mean_that() -> None:
    """It is the PPA then that is not there."""
    assert not MissingOperations().is_missing(Response(404, DATED, b"", 1.0, 2.0), "getBuilds")
