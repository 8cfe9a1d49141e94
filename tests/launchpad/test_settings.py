"""Dependencies, processors, uploaders and fields of a PPA, and how one is made: on the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ppa_assigner.launchpad import LaunchpadClient
from ppa_assigner.launchpad.http import Timeouts
from ppa_assigner.launchpad.responses import REDACTED
from ppa_assigner.port import (
    AccessDenied,
    ArchiveSettings,
    Conflict,
    Done,
    Entry,
    Gone,
    Look,
    Refused,
    Unavailable,
    Unknown,
)
from ppa_assigner.reference import Reference
from tests.apart import Apart, logged_in, standin_apart
from tests.rawserver import Peer, Request
from tests.rawservice import DATE, PATH, PLAIN, PPA, archive, fields, service, soon

FLAGS: dict[str, Any] = {"publish": False, "build_debug_symbols": True, "publish_debug_symbols": True}


def listing(request: Request, dependency: str = "http://h/devel/~a/+archive/ubuntu/b") -> list[dict[str, Any]]:
    """What a PPA's three collections have in them, by the address that was asked for."""
    if request.target.startswith(f"{PATH}/dependencies?"):
        return [{"dependency_link": dependency}, {"dependency_link": "http://h/devel/ubuntu/+archive/primary"}]
    if request.target.startswith(f"{PATH}/processors?"):
        return [{"name": "arm64"}, {"name": "amd64"}]
    return [{"person_link": f"http://h/devel/~{who}"} for who in ("zoe", "ci", "ann")]


def test_settings_are_three_requests() -> None:
    """Told sorted and in the forms that the acts take; the owner's own right is left out."""
    with service(lambda request, peer: peer.json({"entries": listing(request)})) as (server, lp, entry):
        found = lp.archive_settings(entry)
        assert isinstance(found, ArchiveSettings)
        assert found.dependencies == ("ubuntu", "~a/ubuntu/b")
        assert found.processors == ("amd64", "arm64")
        assert found.uploaders == ("~ann", "~zoe")
        assert found.moment.date == DATE
        assert [request.target for request in server.requests[:2]] == [
            f"{PATH}/dependencies?ws.size=300",
            f"{PATH}/processors?ws.size=300",
        ]
        assert fields(server.requests[2]) == {
            "ws.op": "getUploadersForComponent",
            "component_name": '"main"',
            "ws.size": "300",
        }
        assert len(server.requests) == 3


def test_settings_have_all_pages() -> None:
    """What is on the second page belongs, too."""

    def script(request: Request, peer: Peer) -> None:
        page: dict[str, Any] = {"entries": listing(request)}
        if request.target == f"{PATH}/processors?ws.size=300":
            page["next_collection_link"] = f"{server.root}{PATH[1:]}/more"
        peer.json({"entries": [{"name": "riscv64"}]} if request.target.endswith("/more") else page)

    with service(script) as (server, lp, entry):
        found = lp.archive_settings(entry)
        assert isinstance(found, ArchiveSettings)
        assert found.processors == ("amd64", "arm64", "riscv64")
        assert len(server.requests) == 4


def test_processors_alone_are_one_request() -> None:
    """All pages of them."""

    def script(request: Request, peer: Peer) -> None:
        page: dict[str, Any] = {"entries": listing(request)}
        if request.target == f"{PATH}/processors?ws.size=300":
            page["next_collection_link"] = f"{server.root}{PATH[1:]}/processors?more"
        peer.json(page)

    with service(script) as (server, lp, _):
        assert lp.processors(PPA) == ("amd64", "arm64")
        assert len(server.requests) == 2


@pytest.mark.parametrize("status", [400, 401, 404, 503])
def test_processors_that_are_refused_are_as_unknown_as_those_that_are_not_answered(status: int) -> None:
    """Whether the PPA is there is for reads of the PPA itself to say."""
    with service(lambda request, peer: peer.answer(status)) as (server, lp, _):
        assert isinstance(lp.processors(PPA), Unavailable)
        assert len(server.requests) == 1


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize(
    ("status", "kind"), [(404, Unavailable), (401, Unavailable), (400, Refused), (503, Unavailable)]
)
def test_a_part_of_the_settings_is_none(number: int, status: int, kind: type) -> None:
    """If one list fails the others are not told, nor asked for."""

    def script(request: Request, peer: Peer) -> None:
        if len(server.requests) == number:
            return peer.answer(status)
        return peer.json({"entries": listing(request)})

    with service(script) as (server, lp, entry):
        assert type(lp.archive_settings(entry)) is kind
        assert len(server.requests) == number


@pytest.mark.parametrize(("link", "kind"), [(REDACTED, Refused), ("http://h/devel/~a", Unavailable), ("", Unavailable)])
def test_a_dependency_that_cannot_be_told(link: str, kind: type) -> None:
    """Is not left out: a list without it would be taken for all there is."""
    with service(lambda request, peer: peer.json({"entries": listing(request, link)})) as (_, lp, entry):
        assert type(lp.archive_settings(entry)) is kind


def test_a_dependency_that_is_there_is_as_good_as_added() -> None:
    """Launchpad refuses the second; any other refusal stays one."""
    with service(lambda request, peer: peer.answer(400, "This dependency is already registered.", **PLAIN)) as it:
        assert isinstance(it[1].add_dependency(it[2], "ubuntu", soon()), Done)
    with service(lambda request, peer: peer.answer(400, "Dependencies must not be disabled.", **PLAIN)) as it:
        assert isinstance(it[1].add_dependency(it[2], "ubuntu", soon()), Refused)


def test_removing_a_dependency_that_is_not_there_is_no_proof() -> None:
    """500, as for any other failure of the server (docs/explanation/launchpad.md#dependencies)."""
    with service(lambda request, peer: peer.answer(500, "AssertionError", **PLAIN)) as (server, lp, entry):
        answer = lp.remove_dependency(entry, "~a/ubuntu/b", soon())
        assert isinstance(answer, Unavailable)
        assert answer.sent
        assert len(server.requests) == 1


def test_fields_are_told_by_each_answer() -> None:
    """Of a read, a look and a write."""
    data = archive(displayname="Fine", **FLAGS)

    def script(request: Request, peer: Peer) -> None:
        if "ppas" in request.target:
            return peer.json({"entries": [{**data, "self_link": f"http://h{PATH}"}]})
        return peer.json(data, 209 if request.method == "PATCH" else 200)

    with service(script) as (_, lp, entry):
        look = lp.look("ci")
        assert isinstance(look, Look)
        for told in (lp.read(PPA), lp.write(entry, "x"), lp.set_fields(entry, {"publish": False}), look.entries[PPA]):
            assert isinstance(told, Entry)
            assert told.displayname == "Fine"
            assert (told.publish, told.build_debug_symbols, told.publish_debug_symbols) == (False, True, True)


def test_setting_fields_is_one_conditional_patch_of_exactly_these() -> None:
    """The description is not in it; the entry that comes back is good for the next write."""
    wanted: dict[str, Any] = {"displayname": 'ü "q"', **FLAGS}
    with service(lambda request, peer: peer.json(archive(**wanted), 209)) as (server, lp, entry):
        told = lp.set_fields(entry, wanted)
        assert isinstance(told, Entry)
        assert (told.etag, told.description) == ('"1-one"', "text")
        (request,) = server.requests
        assert (request.method, request.target) == ("PATCH", PATH)
        assert (request.headers["content-type"], request.headers["if-match"]) == ("application/json", '"1-2"')
        assert json.loads(request.body) == wanted


@pytest.mark.parametrize("name", ["description", "name", "private", "status", "enabled"])
def test_other_fields_are_not_set(name: str) -> None:
    """Least of all the one with the record in it."""
    with service(lambda request, peer: peer.answer(500)) as (server, lp, entry):
        with pytest.raises(ValueError, match=name):
            lp.set_fields(entry, {"publish": True, name: "x"})
        assert server.requests == []


@pytest.mark.parametrize(
    ("status", "kind"),
    [(412, Conflict), (404, Gone), (400, Refused), (401, AccessDenied), (303, Refused), (200, Unknown), (502, Unknown)],
)
def test_outcomes_of_setting_fields(status: int, kind: type) -> None:
    """As of a write: only 209 is success."""
    with service(lambda request, peer: peer.answer(status, json.dumps(archive()))) as (server, lp, entry):
        assert type(lp.set_fields(entry, {"publish": True})) is kind
        assert len(server.requests) == 1


def test_fields_that_cannot_be_stored_are_not_sent() -> None:
    """As with descriptions."""
    with service(lambda request, peer: peer.answer(500)) as (server, lp, entry):
        assert isinstance(lp.set_fields(entry, {"displayname": "a\0"}), Refused)
        assert server.requests == []


def made(request: Request, peer: Peer) -> None:
    """A service that makes what it is asked for."""
    if request.method == "GET":
        return peer.json(archive(description="two\nlines"))
    return peer.answer(201, Location=f"http://{request.headers['host']}{PATH}")


def test_creating_is_one_post_and_one_get() -> None:
    """To the owner by name, for people/+me is redirected; texts as JSON, so that none is taken for something else
    (docs/explanation/launchpad.md#texts-in-forms).
    """
    with service(made) as (server, lp, _):
        told = lp.create(PPA, "A name", "two\nlines")
        assert isinstance(told, Entry)
        assert told.description == "two\nlines"
        post, get = server.requests
        assert (post.method, post.target) == ("POST", "/devel/~ci")
        assert fields(post) == {
            "ws.op": "createPPA",
            "distribution": f'"{server.root}devel/ubuntu"',
            "name": '"one"',
            "displayname": '"A name"',
            "description": '"two\\nlines"',
        }
        assert (get.method, get.target) == ("GET", PATH)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (303, Refused),
        (400, Refused),
        (401, Refused),
        (403, Refused),
        (404, Refused),
        (412, Unavailable),
        (429, Unavailable),
        (200, Unknown),
        (201, Unknown),
        (500, Unknown),
        (503, Unknown),
    ],
)
def test_outcomes_of_creating(status: int, kind: type) -> None:
    """A 201 without an address is none of Launchpad's; nothing is asked a second time."""
    with service(lambda request, peer: peer.answer(status, "You already have a PPA", **PLAIN)) as (server, lp, _):
        answer = lp.create(PPA, "A name", "")
        assert type(answer) is kind
        assert not isinstance(answer, Refused) or answer.status == status
        assert len(server.requests) == 1


def test_who_may_create_is_said() -> None:
    """A member of the team may do all else, so the refusal says what is missing."""
    text = "(<Team object>, 'createPPA', 'launchpad.Edit')"
    with service(lambda request, peer: peer.answer(401, text, **PLAIN)) as (_, lp, _entry):
        answer = lp.create(PPA, "A name", "")
        assert isinstance(answer, Refused)
        assert "createPPA needs launchpad.Edit" in answer.reason
        assert "owner and administrators" in answer.reason
    with service(lambda request, peer: peer.answer(401, "Expired token (k).", **PLAIN)) as (_, lp, _entry):
        assert isinstance(lp.create(PPA, "A name", ""), Unavailable)


@pytest.mark.parametrize("after", [404, 503, 0])
def test_what_was_made_and_is_not_seen_is_unknown(after: int) -> None:
    """Neither refused nor gone: it may well be there."""

    def script(request: Request, peer: Peer) -> None:
        if request.method == "POST":
            return made(request, peer)
        return peer.answer(after) if after else peer.close()

    with service(script) as (server, lp, _):
        assert isinstance(lp.create(PPA, "A name", ""), Unknown)
        assert len(server.requests) == 2


@pytest.mark.parametrize("where", ["http://127.0.0.1:1{path}", "{root}devel/~ci/+archive/ubuntu/two", "{root}"])
def test_something_else_was_made(where: str) -> None:
    """An address elsewhere, or of another PPA, is not followed."""

    def script(request: Request, peer: Peer) -> None:
        peer.answer(201, Location=where.format(path=PATH, root=server.root))

    with service(script) as (server, lp, _):
        assert isinstance(lp.create(PPA, "A name", ""), Unknown)
        assert len(server.requests) == 1


def test_a_lost_answer_to_creating_is_unknown() -> None:
    """Hung up, or hanging; and what never left is neither."""

    def script(request: Request, peer: Peer) -> None:
        if len(server.requests) == 1:
            peer.hang()
        peer.close()

    with service(script, Timeouts(2, 0.2, 5)) as (server, lp, _):
        assert isinstance(lp.create(PPA, "A name", ""), Unknown)
        assert isinstance(lp.create(PPA, "A name", ""), Unknown)
        assert len(server.requests) == 2
    assert isinstance(lp.create(PPA, "A name", ""), Unavailable)


@pytest.mark.parametrize("text", ["a\r\nb", "a\rb", "a\0", "\ud800"])
def test_texts_that_a_form_would_change(text: str) -> None:
    """The record is compared byte for byte."""
    with service(made) as (server, lp, _):
        with pytest.raises(ValueError, match="carriage returns"):
            lp.create(PPA, "A name", text)
        assert server.requests == []


MINE = Reference("ci-pool", "ubuntu", "pool-001")
OTHER = Reference("ci-pool", "ubuntu", "pool-002")


@pytest.fixture(scope="module")
def standin() -> Iterator[Apart]:
    with standin_apart("--owner", "") as running:
        yield running


@pytest.fixture
def lp(standin: Apart, tmp_path: Path) -> Iterator[LaunchpadClient]:
    """The service account of a fresh world with two PPAs."""
    standin.control.reset(owner="ci-pool", ppas=2)
    file = tmp_path / "credentials"
    file.write_text(standin.credentials())
    client = logged_in(standin.service_root, file, tmp_path)
    standin.control.forget()
    yield client
    client.close()


def seen(lp: LaunchpadClient, ppa: Reference = MINE) -> Entry:
    entry = lp.read(ppa)
    assert isinstance(entry, Entry)
    return entry


def owned(lp: LaunchpadClient, entry: Entry) -> ArchiveSettings:
    found = lp.archive_settings(entry)
    assert isinstance(found, ArchiveSettings)
    return found


def test_dependencies_come_and_go(lp: LaunchpadClient) -> None:
    """With the stand-in: as told, so asked; twice added is once there; one that is not there cannot be removed."""
    entry = seen(lp)
    assert owned(lp, entry).dependencies == ()
    for name in ("ubuntu", str(OTHER), str(OTHER)):
        assert isinstance(lp.add_dependency(entry, name, soon()), Done)
    assert owned(lp, entry).dependencies == ("ubuntu", str(OTHER))
    for name in owned(lp, entry).dependencies:
        assert isinstance(lp.remove_dependency(entry, name, soon()), Done)
    assert owned(lp, entry).dependencies == ()
    answer = lp.remove_dependency(entry, "ubuntu", soon())
    assert isinstance(answer, Unavailable)
    assert answer.sent
    assert isinstance(lp.add_dependency(entry, "~nobody/ubuntu/none", soon()), Refused)


def test_processors_are_set(lp: LaunchpadClient) -> None:
    """With the stand-in: exactly these, however often; one that does not exist is refused."""
    entry = seen(lp)
    before = owned(lp, entry).processors
    assert len(before) > 1
    for names in (before[:1], before[:1], (), before):
        assert isinstance(lp.set_processors(entry, names, soon()), Done)
        assert owned(lp, entry).processors == names
    assert isinstance(lp.set_processors(entry, ["none"], soon()), Refused)


def test_uploaders_belong(lp: LaunchpadClient, standin: Apart) -> None:
    """With the stand-in: as the port's own list tells them."""
    entry = seen(lp)
    standin.control.uploader(str(MINE), "stranger")
    assert owned(lp, entry).uploaders == ("~stranger",)
    assert lp.uploaders(entry) == {"~stranger"}


def test_fields_are_compared_and_swapped(lp: LaunchpadClient, standin: Apart) -> None:
    """With the stand-in: one request; who comes second gets a conflict, and the description is left alone."""
    entry = lp.write(seen(lp), "text")
    assert isinstance(entry, Entry)
    standin.control.forget()
    told = lp.set_fields(entry, {"displayname": " Fine ", "publish": False})
    assert isinstance(told, Entry)
    assert len(standin.control.log(method="PATCH")) == 1
    assert (told.displayname, told.publish, told.description) == ("Fine", False, "text")
    assert isinstance(lp.set_fields(entry, {"publish": True}), Conflict)
    assert isinstance(lp.write(told, "more"), Entry)


def test_only_those_who_tend_a_team_make_its_ppas(lp: LaunchpadClient, standin: Apart) -> None:
    """With the stand-in: the owner of the team makes one, with its record from the first moment on, and once; a mere
    member is told who may.
    """
    new = Reference("ci-pool", "ubuntu", "fresh")
    text = 'people\'s text\nppa-assigner: {"v":1}'
    standin.control.forget()
    told = lp.create(new, "A name", text)
    assert isinstance(told, Entry)
    assert (told.description, told.displayname, seen(lp, new).etag) == (text, "A name", told.etag)
    assert [one["method"] for one in standin.control.log()] == ["POST", "GET", "GET"]
    assert isinstance(lp.create(new, "A name", text), Refused)
    standin.control.team("others", "lp-admin", members=["ppa-bot"])
    refused = lp.create(Reference("others", "ubuntu", "fresh"), "A name", text)
    assert isinstance(refused, Refused)
    assert "owner and administrators" in refused.reason
    assert isinstance(lp.create(Reference("nobody", "ubuntu", "fresh"), "A name", text), Refused)


def test_an_answer_to_creating_is_lost(lp: LaunchpadClient, standin: Apart) -> None:
    """With the stand-in: unknown, sent once; asked again it is refused, and there it is."""
    new = Reference("ci-pool", "ubuntu", "fresh")
    standin.control.fault("drop_after", operation="createPPA", times=1)
    assert isinstance(lp.create(new, "A name", "text"), Unknown)
    assert len(standin.control.log(operation="createPPA")) == 1
    assert isinstance(lp.create(new, "A name", "other"), Refused)
    assert seen(lp, new).description == "text"
