"""What is sent to read and write a PPA, and what each possible answer is told as."""

from __future__ import annotations

import json
import tracemalloc
from typing import Any

import pytest

from ppa_assigner.launchpad.bodies import MAX_BODY_BYTES
from ppa_assigner.launchpad.http import Response, Timeouts
from ppa_assigner.launchpad.responses import REDACTED, RequestFailedError, on_read, parse_page
from ppa_assigner.port import AccessDenied, Conflict, Deleted, Entry, Gone, Lane, Look, Refused, Unavailable, Unknown
from ppa_assigner.reference import Reference
from ppa_assigner.times import boottime
from tests.rawserver import Peer, Request
from tests.rawservice import DATE, PATH, PLAIN, PPA, archive, service, soon


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


@pytest.mark.parametrize(
    ("link", "web"),
    [
        ("https://staging.launchpad.net/~ci/+archive/ubuntu/one", "https://staging.launchpad.net/~ci/+archive/ubuntu/one"),
        (None, None), (7, None), ("javascript:alert(1)", None), ("http://a b", None), ("tag:redacted", None),
    ],
)  # fmt: skip
def test_the_page_for_people_is_told_if_it_is_an_address(link: object, web: str | None) -> None:
    """It is shown to people as it is."""
    with service(lambda request, peer: peer.json(archive(web_link=link))) as (_, lp, _entry):
        entry = lp.read(PPA)
        assert isinstance(entry, Entry)
        assert entry.web == web


@pytest.mark.parametrize("description", [None, "", "a\n"])
def test_texts_are_told_as_they_are(description: str | None) -> None:
    """null and "" are kept apart."""
    with service(lambda request, peer: peer.json(archive(description=description))) as (_, lp, _entry):
        entry = lp.read(PPA)
        assert isinstance(entry, Entry)
        assert entry.description == description


@pytest.mark.parametrize(
    ("changed", "read", "written"),
    [
        ({"status": "Deleting"}, Gone, Gone),
        ({"status": "Deleted"}, Gone, Gone),
        ({"status": REDACTED}, AccessDenied, AccessDenied),
        ({"description": REDACTED}, AccessDenied, AccessDenied),
        ({"status": None}, Unavailable, Unknown),
        ({"status": "Copying"}, Unavailable, Unknown),
    ],
)
def test_what_cannot_be_used_is_no_entry(changed: dict[str, Any], read: type, written: type) -> None:
    """On reading, writing, listing (docs/explanation/launchpad.md#redacted-entries).  Only one that is deleted is
    gone: what we are not shown may be there, and what a service of another version says proves nothing.
    """
    data = archive(**changed)

    def script(request: Request, peer: Peer) -> None:
        if "ppas" in request.target:
            return peer.json({"entries": [data]})
        return peer.json(data, status=200 if request.method == "GET" else 209)

    with service(script) as (_, lp, entry):
        assert isinstance(lp.read(PPA), read)
        assert isinstance(lp.write(entry, "mine"), written)
        look = lp.look("ci")
        assert isinstance(look, Look)
        assert look.entries == {}


def test_an_old_version_of_the_service_is_named() -> None:
    """Without `status`, as 1.0 has it, the reason says what to do."""
    data = archive()
    del data["status"]
    with service(lambda request, peer: peer.json(data)) as (_, lp, _entry):
        answer = lp.read(PPA)
        assert isinstance(answer, Unavailable)
        assert "devel" in answer.reason


@pytest.mark.parametrize(("status", "kind"), [(401, AccessDenied), (403, AccessDenied), (404, Gone), (410, Gone)])
def test_denied_is_not_gone(status: int, kind: type) -> None:
    """With Launchpad's words in one line, of a read and of a write of the PPA itself."""
    with service(lambda request, peer: peer.answer(status, "(<Archive>,\n'x')", **PLAIN)) as (_, lp, entry):
        for answer in (lp.read(PPA), lp.write(entry, "mine")):
            assert isinstance(answer, AccessDenied | Gone)
            assert type(answer) is kind
            assert answer.reason.endswith("- x is not for our account")


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_an_owner_whose_ppas_are_denied_is_no_owner_without_any(status: int) -> None:
    """Where all of an owner's PPAs are denied nothing is known of them; of an owner that is not there each PPA is read
    by itself.
    """
    with service(lambda request, peer: peer.answer(status)) as (_, lp, _entry):
        look = lp.look("ci")
        assert isinstance(look, Unavailable if status in (401, 403) else Look)
        assert not isinstance(look, Look) or look.entries == {}


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_only_an_answer_about_the_ppa_says_that_it_is_gone(status: int) -> None:
    """Of what is in it, and of whom a right is given to, the same answer says nothing of the kind."""
    with service(lambda request, peer: peer.answer(status)) as (_, lp, entry):
        told: list[object] = [
            lp.new_content(entry, DATE),
            lp.content(entry),
            lp.archive_settings(entry),
            lp.uploaders(entry),
        ]
        told += [lp.disk_leftovers(entry), lp.was_published(entry, "foo", "1")]
        for answer in told:
            assert isinstance(answer, Unavailable)
            assert answer.status in (status, None)
        for act in (lp.grant(entry, "~ann", Lane.WORK, soon()), lp.revoke(entry, "~ann", soon())):
            assert isinstance(act, Refused)
            assert act.status == status


DELETED_NAMES = [f"{PATH}-deletedppa", f"{PATH}-deletedppa1", f"{PATH}-deletedppa2"]


def test_the_deleted_ppas_of_a_name() -> None:
    """Read one after the other until there is none (docs/explanation/launchpad.md#deleted-ppas)."""
    texts = {DELETED_NAMES[0]: "first", DELETED_NAMES[1]: None}

    def script(request: Request, peer: Peer) -> None:
        if request.target not in texts:
            return peer.answer(404)
        return peer.json(archive(status="Deleted", description=texts[request.target]))

    with service(script) as (server, lp, _):
        found = lp.deleted(PPA)
        assert isinstance(found, Deleted)
        assert (found.descriptions, found.moment.date) == (("first", None), DATE)
        assert [request.target for request in server.requests] == DELETED_NAMES


@pytest.mark.parametrize("second", [401, 403, 410, 500, REDACTED])
def test_of_deleted_ppas_all_or_none_are_told(second: int | str) -> None:
    """One that is not shown could be the one that was looked for."""

    def script(request: Request, peer: Peer) -> None:
        if request.target == DELETED_NAMES[0]:
            return peer.json(archive(status="Deleted"))
        if isinstance(second, int):
            return peer.answer(second)
        return peer.json(archive(description=second))

    with service(script) as (_, lp, _entry):
        assert isinstance(lp.deleted(PPA), Unavailable)


def test_a_disabled_ppa_is_one_that_nobody_is_shown() -> None:
    """The second listing and the read are not signed (docs/explanation/launchpad.md#telling-a-disabled-ppa)."""
    signed_ones = [archive(), archive(name="two"), archive(name="three", private=True)]

    def script(request: Request, peer: Peer) -> None:
        signed = "authorization" in request.headers
        if "ppas" in request.target:
            return peer.json({"entries": signed_ones if signed else [archive(description=REDACTED)]})
        return peer.json(archive() if signed else archive(description=REDACTED))

    with service(script) as (server, lp, entry):
        look = lp.look("ci", compare=True)
        assert isinstance(look, Look)
        assert look.hidden == frozenset({Reference("ci", "ubuntu", "two")})
        assert lp.enabled(entry) is False
        assert ["authorization" in request.headers for request in server.requests] == [True, False, False]
        plain = lp.look("ci")
        assert isinstance(plain, Look)
        assert plain.hidden is None


def test_an_enabled_ppa_is_shown_to_everybody() -> None:
    """And no answer is none."""
    with service(lambda request, peer: peer.json(archive())) as (_, lp, entry):
        assert lp.enabled(entry) is True
    for status in (404, 500):
        with service(lambda request, peer, status=status: peer.answer(status)) as (_, lp, entry):  # type: ignore[misc]
            assert isinstance(lp.enabled(entry), Unavailable)


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
    """No call takes them for an absent PPA or for a refused write.  docs/explanation/launchpad.md#refused-tokens"""
    with service(lambda request, peer: peer.answer(401, text, **PLAIN)) as (_, lp, entry):
        told = [
            lp.read(PPA),
            lp.write(entry, "mine"),
            lp.look("ci"),
            lp.new_content(entry, DATE),
            lp.content(entry),
            lp.uploaders(entry),
            lp.grant(entry, "~ann", Lane.WORK, soon()),
        ]
        for answer in told:
            assert isinstance(answer, Unavailable)
            words = text.partition(" (")[0].removesuffix(".")
            assert answer.reason.startswith(f"Launchpad refuses our credentials: {words}; run `ppa-assigner login`")


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


OVERFLOWING = [
    "Fri, 31 Dec 9999 23:59:59 -1400",
    "Mon, 01 Jan 0001 00:00:00 +1400",
    f"Mon, 01 Jan {'9' * 30} 00:00:00 GMT",
    f"Mon, 01 Jan {'9' * 4_000} 00:00:00 GMT",
    "Wed, 31 Dec 2003 23:59:59 GMT",
    "Thu, 01 Jan 2201 00:00:00 GMT",
]


@pytest.mark.parametrize("date", OVERFLOWING)
def test_a_date_of_no_age_is_none(date: str) -> None:
    """Nothing could be reckoned with it: the answer says nothing, and who asked goes on."""
    with service(lambda request, peer: peer.answer(200, json.dumps(archive()), Date=date)) as (_, lp, _entry):
        assert isinstance(lp.read(PPA), Unavailable)
        assert isinstance(lp.look("ci"), Unavailable)
    with service(lambda request, peer: peer.answer(503, Retry_After=date)) as (_, lp, _entry):
        answer = lp.read(PPA)
        assert isinstance(answer, Unavailable)
        assert answer.retry_after is None


@pytest.mark.parametrize("number", ["9" * 20, "9" * 4_000, "9" * 4_301, "-" + "9" * 5_000])
def test_a_number_of_any_length_breaks_nothing(number: str) -> None:
    """Where it stands nobody reckons with it."""
    body = json.dumps({**archive(), "authorized_size": 0}).replace(
        '"authorized_size": 0', f'"authorized_size": {number}'
    )
    with service(lambda request, peer: peer.answer(200, body)) as (_, lp, _entry):
        assert isinstance(lp.read(PPA), Entry)


HEAVY = {
    "empty objects": '{"entries": [' + ",".join(["{}"] * 1_000_000) + "]}",
    "empty lists": '{"x": [' + ",".join(["[]"] * 1_000_000) + "]}",
    "numbers": '{"x": [' + ",".join(["0"] * 1_000_000) + "]}",
    "texts": '{"x": [' + ",".join(['""'] * 1_000_000) + "]}",
    "names": "{" + ",".join(f'"{n}":0' for n in range(200_000)) + "}",
}


@pytest.mark.parametrize("body", HEAVY.values(), ids=HEAVY)
def test_a_document_that_would_take_much_memory_is_not_read(body: str) -> None:
    """Each of its values takes many times the memory of its text: they are counted before any is made."""
    answer = Response(200, {"date": "Wed, 25 Nov 2026 03:14:12 GMT"}, body.encode(), 0.0, 0.0)
    tracemalloc.start()
    try:
        assert isinstance(on_read(answer), Unavailable)
        with pytest.raises(RequestFailedError):
            parse_page(answer)
        assert tracemalloc.get_traced_memory()[1] < 32 * 1024 * 1024
    finally:
        tracemalloc.stop()


def test_a_text_is_one_value_whatever_is_in_it() -> None:
    """A description full of brackets, commas and quotes does no harm."""
    description = '[{",\\' * 300_000
    with service(lambda request, peer: peer.json(archive(description=description))) as (_, lp, _entry):
        entry = lp.read(PPA)
        assert isinstance(entry, Entry)
        assert entry.description == description


def test_a_page_of_more_than_was_asked_for_is_none() -> None:
    """300 are asked for."""
    with service(lambda request, peer: peer.json({"entries": [{}] * 301})) as (_, lp, _entry):
        assert isinstance(lp.look("ci"), Unavailable)


def test_one_entry_that_cannot_be_read_hides_no_other() -> None:
    """It is left out of the look, so that it is read alone; the others are seen."""
    listing = {"entries": [archive(), {**archive(name="two"), "http_etag": None}, {"status": "Active"}]}
    with service(lambda request, peer: peer.json(listing)) as (_, lp, _entry):
        look = lp.look("ci")
        assert isinstance(look, Look)
        assert list(look.entries) == [PPA]


def test_a_description_without_end_hides_no_other_ppa() -> None:
    """The listing is too long to be read: its PPAs are read one by one, and that one alone is not."""

    def script(request: Request, peer: Peer) -> None:
        huge = archive(description="x" * MAX_BODY_BYTES)
        if "ppas" in request.target:
            return peer.json({"entries": [archive(), huge]})
        return peer.json(archive() if request.target == PATH else huge)

    with service(script) as (_, lp, _entry):
        look = lp.look("ci")
        assert isinstance(look, Look)
        assert look.entries == {}
        assert isinstance(lp.read(PPA), Entry)
        assert isinstance(lp.read(Reference("ci", "ubuntu", "two")), Unavailable)


def test_an_answer_without_a_date_is_none() -> None:
    """All times are by Launchpad's clock."""
    with service(lambda request, peer: peer.answer(209, json.dumps(archive()), Date="")) as (_, lp, entry):
        assert isinstance(lp.write(entry, "mine"), Unknown)


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
        (401, AccessDenied),
        (403, AccessDenied),
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
    """303, which launchpadlib shows as success (docs/explanation/launchpad.md#canonical-addresses)."""
    with service(lambda request, peer: peer.answer(303, Location="http://h/else")) as (_, lp, entry):
        answer = lp.write(entry, "mine")
        assert isinstance(answer, Refused)
        assert "not the canonical address, http://h/else is" in answer.reason


def test_a_refused_write_says_what_is_lacking() -> None:
    """What right is missing, in one line of bounded length."""
    text = "(<Archive object>, 'description',\n'launchpad.Edit')" + "x" * 1000
    with service(lambda request, peer: peer.answer(401, text, **PLAIN)) as (_, lp, entry):
        answer = lp.write(entry, "mine")
        assert isinstance(answer, AccessDenied)
        assert answer.status == 401
        assert answer.reason.startswith("401 Unauthorized - description needs launchpad.Edit, which our account lacks")
        assert len(answer.reason) <= 300


def test_what_cannot_be_stored_is_not_sent() -> None:
    """NUL and lone surrogates (docs/explanation/launchpad.md#unstorable-texts)."""
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
