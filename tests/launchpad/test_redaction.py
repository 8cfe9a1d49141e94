"""What Launchpad, and what is between, says back to us: no secret of ours and no object of its own is in any reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, strategies as st

from ppa_assigner.launchpad import LaunchpadClient, NotAuthorised, ServiceUnavailable, Timeouts, new_credentials
from ppa_assigner.launchpad.redaction import LONGEST, credentials_refusal, one_line
from ppa_assigner.port import Build, Done, Entry, Gone, Lane, Moment, NewContent, Publication, Refused, Unavailable
from ppa_assigner.reference import Reference
from tests.launchpad.test_client import describes_itself
from tests.rawserver import Peer, RawServer, Request
from tests.rawservice import DATE, PLAIN, soon

KEY, SECRET = "Vz9kkPbTq2sJ0xLmR4hD", "pS7wq0NvFh3yT1cUe6ZaKd8RgXjB5mLoVt2iYzQxCnWu4HsG"
PPA = Reference("ci", "ubuntu", "one")
KEYS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", min_size=10, max_size=40).map(
    "ZZ".__add__
)
WORDS = st.text(st.characters(codec="utf-8", exclude_characters="<>()Z"), max_size=30)
SAYINGS = (
    "Expired token ({}).", "Unknown access token ({}).", "Unknown consumer ({}).", "unknown request token ({}",
    'oauth_token="{}", oauth_version="1.0"', "oauth_signature=%26{}&x=1", "{{'oauth_token_secret': '{}'}}",
    "Authorization: OAuth {}", "proxy-authorization: Basic {}", "http://robot:{}@proxy.example:3128/",
    "(<Token object {}>, 'x', 'launchpad.Edit')", "<lp.Token at 0x7f3a [<Person {}>]>",
)  # fmt: skip


@given(before=WORDS, saying=st.sampled_from(SAYINGS), key=KEYS, after=WORDS)
def test_no_key_passes_in_any_saying(before: str, saying: str, key: str, after: str) -> None:
    """Whatever is around it; also of a token that is not ours to know."""
    told = one_line(f"{before} {saying.format(key)} {after}")
    assert key not in told
    assert len(told) <= LONGEST


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("(<SourcePackagePublishingHistory object>, 'requestDeletion', 'launchpad.Edit')", "requestDeletion needs"),
        ("(<Person at 0x7f05 ci (CI <bot>)>, 'createPPA', 'launchpad.Edit')", "createPPA needs launchpad.Edit"),
        ("('newComponentUploader', <Archive at 0x7f>)", "newComponentUploader is not for our account"),
        ("one has no <Widget object at 0x7f05> left", "one has no an object left"),
        ("hello (1.0-1) is < 2 and > 0", "hello (1.0-1) is < 2 and > 0"),
        ("a\r\nb\tc\x1b[1m", "a b c [1m"),
    ],
)
def test_objects_are_said_in_words(said: str, told: str) -> None:
    """Where a permission is lacking, which one, and who tells more; what is no object stays."""
    line = one_line(f"401 Unauthorized {said}")
    assert told in line
    assert not re.search(r"<\w|0x|\bobject[ >]+at\b|', '", line)


def test_refused_credentials_come_with_the_cure() -> None:
    """Each of the texts that mean them, and no other."""
    for text in ("Expired token (k).", "Unknown access token (k).", "Inactive account.", "Invalid signature."):
        told = credentials_refusal(text)
        assert told is not None
        assert told.startswith(f"Launchpad refuses our credentials: {text.split(' (')[0].rstrip('.')};")
        assert "ppa-assigner login" in told
        assert "(k)" not in told
    assert credentials_refusal("(<Archive>, 'x', 'launchpad.Edit')") is None


class Echo:
    """A service that says back what it is sent, in one way after another, once somebody has logged in."""

    def __init__(self) -> None:
        self.how: Callable[[Request, Peer], None] = describes_itself
        self.service = ""

    def __call__(self, request: Request, peer: Peer) -> None:
        self.how(request, peer)


def in_the_text(status: int) -> Callable[[Request, Peer], None]:
    """Of an answer of this status."""
    return lambda request, peer: peer.answer(status, f"No: {request.headers['authorization']}; {SECRET} {KEY}", **PLAIN)


def in_headers(request: Request, peer: Peer) -> None:
    """That are shown: an oops and another address."""
    peer.answer(303, Location=f"http://127.0.0.1/{quote(SECRET)}?oauth_token={KEY}", X_Lazr_OOPSID=f"OOPS-{KEY}")


def in_the_status_line(request: Request, peer: Peer) -> None:
    """And what is no HTTP behind it."""
    peer.send(f"HTTP/1.1 {KEY} {SECRET}\r\n\r\n".encode())
    peer.close()


def in_the_framing(request: Request, peer: Peer) -> None:
    """An error of the library's quotes it."""
    peer.send(f"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{KEY}{SECRET}\r\n".encode())
    peer.close()


WAYS = (
    *(in_the_text(status) for status in (202, 400, 401, 403, 404, 410, 412, 429, 500, 503)),
    in_headers, in_the_status_line, in_the_framing,
)  # fmt: skip


@pytest.fixture
def echo(tmp_path: Path) -> Iterator[tuple[Echo, LaunchpadClient]]:
    """Logged in."""
    echo = Echo()
    credentials, _ = new_credentials("robot", KEY, SECRET)
    with RawServer(echo) as server:
        one = LaunchpadClient(
            credentials=credentials, service_root=server.root, timeouts=Timeouts(5, 10, 20), cache_dir=tmp_path
        )
        one.connect()
        echo.service = server.root
        yield echo, one
        one.close()


def reasons(lp: LaunchpadClient, root: str) -> Iterator[str]:
    """All that the calls of the port say when they fail."""
    entry = Entry(f"{root}~ci/+archive/ubuntu/one", '"1-2"', "text", Moment(DATE, 0.0, 0.0))
    source = Publication(f"{root}source/1", "hello", "1.0", "noble")
    build = Build(f"{root}build/1", "amd64 build", "Needs building", cancellable=True)
    answers = (
        lp.read(PPA), lp.write(entry, "mine"), lp.look("ci"), lp.new_content(entry, DATE), lp.content(entry),
        lp.delete(source, "why", soon()), lp.cancel(build, soon()), lp.uploaders(entry), lp.archive_settings(entry),
        lp.grant(entry, "~ann", Lane.WORK, soon()), lp.create(PPA, "One", "text"), lp.disk_leftovers(entry),
        lp.was_published(entry, "hello", "1.0"), lp.set_processors(entry, ["amd64"], soon()),
    )  # fmt: skip
    for answer in answers:
        if not isinstance(answer, Entry | NewContent | Done | bool):
            yield getattr(answer, "reason", "")


def test_nothing_of_the_credentials_is_in_any_reason(echo: tuple[Echo, LaunchpadClient], tmp_path: Path) -> None:
    """Of no call, however the service says them back; nor in what a login says; nor behind the error itself."""
    service, lp = echo
    seen = 0
    for way in WAYS:
        service.how = way
        told = list(reasons(lp, f"{service.service}devel/"))
        told += [login_says(service.service, tmp_path)]
        assert not [text for text in told if KEY in text or SECRET in text], (way, told)
        assert all(text.isprintable() for text in told)
        seen += sum(map(bool, told))
    assert seen > 100


def login_says(service: str, folder: Path) -> str:
    """What another client, that has to begin anew, is told."""
    credentials, _ = new_credentials("robot", KEY, SECRET)
    other = LaunchpadClient(
        credentials=credentials, service_root=service, timeouts=Timeouts(5, 10, 20), cache_dir=folder / "other"
    )
    try:
        with pytest.raises((NotAuthorised, ServiceUnavailable)) as failed:
            other.connect()
        return str(failed.value)
    finally:
        other.close()


def test_kinds_of_answers_stay_what_they_are(echo: tuple[Echo, LaunchpadClient]) -> None:
    """What is taken out of a text changes nothing of what it means."""
    service, lp = echo
    service.how = lambda request, peer: peer.answer(401, f"Expired token ({KEY}).", **PLAIN)
    expired = lp.read(PPA)
    assert isinstance(expired, Unavailable)
    assert expired.reason.startswith("Launchpad refuses our credentials: Expired token; run `ppa-assigner login`")
    service.how = in_the_text(404)
    assert isinstance(lp.read(PPA), Gone)
    service.how = in_the_text(400)
    assert isinstance(lp.delete(Publication(f"{service.service}devel/s/1", "a", "1", "x"), "", soon()), Refused)
