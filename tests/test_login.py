"""`ppa-assigner login` as a process, against a stand-in in another one: what a person sees, and the file it leaves."""

from __future__ import annotations

import signal
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from launchpadlib import uris

from ppa_assigner.launchpad import load_credentials, service_url, web_root
from ppa_assigner.port import Entry, WriteAnswer
from ppa_assigner.reference import Reference

from .apart import Apart, logged_in, standin_apart
from .commandline import DEADLINE_S, Done, Running, cli, started
from .rawserver import Peer, RawServer, Request
from .waiting import until

PPA = Reference("ci-pool", "ubuntu", "pool-001")


@pytest.fixture(scope="module")
def running() -> Iterator[Apart]:
    with standin_apart("--ppas", "1") as apart:
        yield apart


@pytest.fixture
def standin(running: Apart) -> Iterator[Apart]:
    """Without faults, with an empty log."""
    running.control.unfault()
    running.control.forget()
    yield running
    running.control.unfault()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "launchpad.credentials"


@contextmanager
def asking(standin: Apart, file: Path, *more: str, env: dict[str, str] | None = None) -> Iterator[tuple[Running, str]]:
    """A login that printed its address, of which the request token is given."""
    arguments = ("login", "--service", standin.service_root, "--output", str(file), *more)
    with started(*arguments, url="", env=env) as process:
        assert process.stdout is not None
        address = process.stdout.readline()
        yield process, parse_qs(urlsplit(address.strip()).query)["oauth_token"][0]


def ended(process: Running) -> Done:
    """How it ended, and what it said after the address."""
    out, err = process.communicate(timeout=DEADLINE_S)
    return Done(process.args, process.returncode, out, err)


def login(service: str, file: Path, *more: str, env: dict[str, str] | None = None) -> Done:
    """To its end, with nobody there who decides."""
    return cli("login", "--service", service, "--output", str(file), "--wait", "0.5", *more, env=env)


def last_line(done: Done) -> str:
    return done.stderr.rstrip("\n").rpartition("\n")[2]


def mode(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def write(standin: Apart, file: Path, cache: Path) -> WriteAnswer:
    """What the daemon does, with the written file."""
    client = logged_in(standin.service_root, file, cache)
    try:
        entry = client.read(PPA)
        assert isinstance(entry, Entry)
        return client.write(entry, "by login")
    finally:
        client.close()


def test_what_was_granted_serves_the_daemon(standin: Apart, file: Path, tmp_path: Path) -> None:
    """With WRITE_PUBLIC the daemon logs in and writes to a public PPA; only its owner can read the file."""
    with asking(standin, file) as (process, request_token):
        standin.control.authorise(request_token, "ppa-bot", "WRITE_PUBLIC")
        done = ended(process)
    assert done.returncode == 0, done.stderr
    assert mode(file) == 0o600
    assert load_credentials(file).consumer.key == "ppa-assigner"
    assert isinstance(write(standin, file, tmp_path / "cache"), Entry)
    assert standin.control.description(str(PPA)) == "by login"


def test_a_person_is_told_where_to_go_what_to_grant_and_what_to_do_next(standin: Apart, file: Path) -> None:
    """stdout is the address alone, which offers both levels; stderr explains, and never shows the secret."""
    with asking(standin, file) as (process, request_token):
        standin.control.authorise(request_token, "ppa-bot", "WRITE_PRIVATE")
        done = ended(process)
    assert done.stdout == ""
    for word in ("WRITE_PUBLIC", "WRITE_PRIVATE", f"{file} has the credentials of ~ppa-bot.", "LoadCredential="):
        assert word in done.stderr
    assert load_credentials(file).access_token.secret not in done.stderr


def test_the_lines_for_the_configuration_are_its_lines(standin: Apart, file: Path) -> None:
    """What is printed names the file and the service as a configuration does."""
    with asking(standin, file) as (process, request_token):
        standin.control.authorise(request_token, "ppa-bot")
        done = ended(process)
    line = next(line for line in done.stderr.splitlines() if line.strip().startswith("launchpad:"))
    assert yaml.safe_load(line) == {"launchpad": {"service": standin.service_root, "credentials": str(file)}}


@pytest.mark.parametrize(
    ("more", "offered"), [((), ["WRITE_PUBLIC", "WRITE_PRIVATE"]), (("PRIVATE",), ["WRITE_PRIVATE"])]
)
def test_the_address_offers_the_levels(standin: Apart, file: Path, more: tuple[str, ...], offered: list[str]) -> None:
    """The person chooses among those that suffice, or gets only the one that --level names; case does not matter."""
    done = login(standin.service_root, file, *(part for name in more for part in ("--level", f"write_{name.lower()}")))
    address = urlsplit(done.stdout.strip())
    assert f"{address.scheme}://{address.netloc}{address.path}" == f"{standin.service_root}+authorize-token"
    assert parse_qs(address.query)["allow_permission"] == offered
    assert [level for level in ("WRITE_PUBLIC", "WRITE_PRIVATE") if level in done.stderr] == offered


def test_no_browser_and_nothing_in_the_home(standin: Apart, file: Path, tmp_path: Path) -> None:
    """However inviting the environment: no browser is opened, nothing but the file is written."""
    home, mark, browser = tmp_path / "home", tmp_path / "opened", tmp_path / "browser"
    home.mkdir()
    browser.write_text(f"#!/bin/sh\ntouch {mark}\n")
    browser.chmod(0o755)
    env = {"BROWSER": str(browser), "DISPLAY": ":0", "HOME": str(home)}
    with asking(standin, file, env=env) as (process, request_token):
        standin.control.authorise(request_token, "ppa-bot")
        assert ended(process).returncode == 0
    assert not mark.exists()
    assert list(home.iterdir()) == []


def test_declined(standin: Apart, file: Path) -> None:
    """77 and one line; no file is left."""
    with asking(standin, file) as (process, request_token):
        standin.control.authorise(request_token, "ppa-bot", "UNAUTHORIZED")
        done = ended(process)
    assert (done.returncode, file.exists()) == (77, False)
    assert "declined" in last_line(done)


def test_nobody_decides(standin: Apart, file: Path) -> None:
    """69 when the time is over, and no file is left."""
    done = login(standin.service_root, file)
    assert (done.returncode, file.exists()) == (69, False)
    assert "nobody" in last_line(done)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_wait(standin: Apart, file: Path, number: signal.Signals, code: int) -> None:
    """Ctrl-C ends it at once, and no file is left."""
    with asking(standin, file) as (process, _):
        assert mode(file) == 0o600
        process.send_signal(number)
        done = ended(process)
    assert (done.returncode, file.exists()) == (code, False)
    assert "Traceback" not in done.stderr


def test_launchpad_is_away(file: Path) -> None:
    """Nothing listens there: 69, one line, no file."""
    done = login("http://127.0.0.1:9/", file)
    assert (done.returncode, done.stdout, file.exists()) == (69, "", False)
    assert done.stderr.count("\n") == 1


def test_launchpad_hangs(standin: Apart, file: Path) -> None:
    """A request that is never answered ends soon after the wait."""
    standin.control.fault("hang", path="request-token")
    done = login(standin.service_root, file)
    assert (done.returncode, file.exists()) == (69, False)
    assert done.stderr.count("\n") == 1


def test_an_outage_while_the_person_decides_is_waited_out(standin: Apart, file: Path) -> None:
    """503 and a lost question are no answer: it asks on, and gets the token."""
    standin.control.fault("status", path="access-token", status=503, times=1)
    standin.control.fault("drop_before", path="access-token", times=1)
    with asking(standin, file) as (process, request_token):
        standin.control.authorise(request_token, "ppa-bot")
        assert ended(process).returncode == 0
    assert len(standin.control.log(path="access-token", state="any")) == 3


def test_an_outage_that_lasts_is_told(standin: Apart, file: Path) -> None:
    """At the end of the wait the line says that Launchpad was away, not that nobody decided."""
    standin.control.fault("status", path="access-token", status=503, text="too busy")
    done = login(standin.service_root, file)
    assert (done.returncode, file.exists()) == (69, False)
    assert "too busy" in last_line(done)


def test_a_token_that_was_lost_on_its_way_is_not_waited_for(standin: Apart, file: Path) -> None:
    """Launchpad gives it once: the next answer says so, and the wait of 15 minutes ends."""
    with asking(standin, file) as (process, request_token):
        assert standin.control.log(path="access-token", least=1, timeout=20)
        standin.control.fault("drop_after", path="access-token")
        standin.control.authorise(request_token, "ppa-bot")
        until(lambda: 200 in [each["result"] for each in standin.control.log(path="access-token", state="any")])
        standin.control.unfault()
        done = ended(process)
    assert (done.returncode, file.exists()) == (69, False)
    assert "lost" in last_line(done)


def answers(status: int, body: bytes) -> RawServer:
    def script(request: Request, peer: Peer) -> None:
        peer.answer(status, body=body, Content_Type="text/plain")

    return RawServer(script)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"<html>welcome to a hotel</html>"),
        (200, b"oauth_token=a%0Ab&oauth_token_secret=c"),
        (200, b"oauth_token=a%25b&oauth_token_secret=c"),
        (302, b""),
        (404, b"no such page"),
    ],
)
def test_what_is_no_launchpad(file: Path, status: int, body: bytes) -> None:
    """Whatever else answers there: 69, one line, and nothing of it gets into a file or a terminal."""
    with answers(status, body) as server:
        done = login(server.root, file)
    assert (done.returncode, done.stdout, file.exists()) == (69, "", False)
    assert done.stderr.count("\n") == 1


def test_a_file_that_is_there_is_left_alone(standin: Apart, file: Path) -> None:
    """78 and one line that names it, before anybody is asked."""
    file.write_text("precious")
    done = login(standin.service_root, file)
    assert (done.returncode, done.stdout, file.read_text()) == (78, "", "precious")
    assert str(file) in done.stderr
    assert done.stderr.count("\n") == 1
    assert standin.control.log() == []


def test_force_replaces_the_file_only_by_a_whole_one(standin: Apart, file: Path) -> None:
    """The old one stays until there is a token; the new one is its owner's alone, whoever could read the old one."""
    file.write_text("old")
    file.chmod(0o644)
    assert login(standin.service_root, file, "--force").returncode == 69
    assert file.read_text() == "old"
    with asking(standin, file, "--force") as (process, request_token):
        standin.control.authorise(request_token, "ppa-bot")
        assert ended(process).returncode == 0
    assert load_credentials(file).access_token.key
    assert (mode(file), list(file.parent.iterdir())) == (0o600, [file])


@pytest.mark.parametrize("name", ["missing/credentials", "", "a" * 300])
@pytest.mark.parametrize("more", [(), ("--force",)])
def test_a_file_that_cannot_be_written(standin: Apart, tmp_path: Path, name: str, more: tuple[str, ...]) -> None:
    """No folder, a folder, too long a name: 78, one line that names it, and nobody is asked."""
    done = login(standin.service_root, tmp_path / name, *more)
    assert (done.returncode, done.stdout) == (78, "")
    assert str(tmp_path / name) in done.stderr
    assert done.stderr.count("\n") == 1
    assert standin.control.log() == []


def test_connections_without_verified_certificates_are_refused(standin: Apart, file: Path) -> None:
    """As the daemon does: 78, and nothing is sent."""
    done = login(standin.service_root, file, env={"LP_DISABLE_SSL_CERTIFICATE_VALIDATION": "1"})
    assert (done.returncode, file.exists()) == (78, False)
    assert "LP_DISABLE_SSL_CERTIFICATE_VALIDATION" in done.stderr
    assert standin.control.log() == []


@pytest.mark.parametrize("more", [("--service", "nowhere"), ("--wait", "soon"), ("--level", "READ_PUBLIC")])
def test_usage(more: tuple[str, ...], tmp_path: Path) -> None:
    """An option that makes no sense is named: 64."""
    done = cli("login", "--output", str(tmp_path / "file"), *more)
    assert done.returncode == 64
    assert more[0] in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_person_who_cannot_be_asked_for_changes_nothing(standin: Apart, file: Path) -> None:
    """The file is written although the web service does not say whose token it is."""
    standin.control.fault("status", path="people/.me", status=503)
    with asking(standin, file) as (process, request_token):
        standin.control.authorise(request_token, "ppa-bot")
        done = ended(process)
    assert done.returncode == 0
    assert f"{file} has the credentials." in done.stderr


def test_the_web_root_of_every_service_is_launchpadlibs() -> None:
    """Where people log in: what launchpadlib has for the services that both know."""
    known = {name: web_root(name) for name in ("production", "staging", "qastaging")}
    assert known == {name: uris.web_roots[name] for name in known}
    assert {web_root(service_url(name)) for name in known} == set(known.values())
    assert web_root("http://127.0.0.1:8080/below") == "http://127.0.0.1:8080/"
    assert web_root("http://[::1]:8080") == "http://[::1]:8080/"
