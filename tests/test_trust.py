"""Which daemon a client trusts over https, and what it says of one that it does not trust or that wants a token."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ppa_assigner.api.app import create_app
from ppa_assigner.api.server import Server
from ppa_assigner.client import Client, Unavailable, UsageError
from ppa_assigner.config import Listen, Tls

from .api.fakes import FakeBackend, FakeUploads
from .api.test_server import running
from .certificate import Certificate, certified
from .commandline import cli
from .test_access import TOKEN, client

SOON_S = 4.0  # less than the five seconds for which a daemon that does not answer is tried again


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """For this host, signed by nobody that a system trusts."""
    return certified(tmp_path_factory.mktemp("certificate"), "127.0.0.1")


@pytest.fixture(scope="module")
def url(certificate: Certificate) -> Iterator[str]:
    """A daemon that shows it, and knows one client."""
    tls = Tls(certificate.certificate, certificate.key)
    server = Server(
        create_app(FakeBackend(), [client("ann", TOKEN)], uploads=FakeUploads()), Listen("127.0.0.1", 0), tls=tls
    )
    with running(server):
        yield server.addresses[0]


def test_a_certificate_is_trusted_by_option_and_by_variable(url: str, certificate: Certificate) -> None:
    """In place of the system's certificates."""
    trusted = str(certificate.certificate)
    token = {"PPA_ASSIGNER_TOKEN": TOKEN}
    assert cli("status", "--ca-file", trusted, url=url, env=token).returncode == 0
    assert cli("status", url=url, env=token | {"PPA_ASSIGNER_CA": trusted}).returncode == 0


def test_the_client_of_a_program_trusts_it_too(
    url: str, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By argument and by the environment; without, it says at once what is wrong."""
    with Client(url, TOKEN, ca_file=str(certificate.certificate)) as trusting:
        assert len(trusting.ppas()) > 0
    with Client(url, TOKEN) as stranger, pytest.raises(Unavailable, match="certificate is not trusted") as refused:
        stranger.ppas()
    assert not refused.value.maybe_done
    monkeypatch.setenv("PPA_ASSIGNER_CA", str(certificate.certificate))
    with Client(url, TOKEN) as by_environment:
        assert len(by_environment.ppas()) > 0


@pytest.mark.parametrize("command", [("status",), ("assign", "--owner", "me"), ("events",)])
def test_one_that_is_not_trusted_is_said_at_once(url: str, command: tuple[str, ...]) -> None:
    """With the reason and the option; nothing gets better by trying again."""
    begun = time.monotonic()
    done = cli(*command, url=url)
    assert time.monotonic() - begun < SOON_S
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (69, "", 1)
    for part in (url, "its certificate is not trusted (self", "--ca-file", "PPA_ASSIGNER_CA"):
        assert part in done.stderr


def test_one_of_another_name_says_so(url: str, certificate: Certificate) -> None:
    """Although its issuer is trusted."""
    other = url.replace("127.0.0.1", "localhost")
    done = cli("status", "--ca-file", str(certificate.certificate), url=other)
    assert done.returncode == 69
    assert "hostname mismatch" in done.stderr


def test_a_file_without_certificates_is_64(tmp_path: Path) -> None:
    """Absent or of another kind; named in the line."""
    (tmp_path / "empty").write_text("nothing\n")
    for name in ("absent", "empty"):
        done = cli("status", "--ca-file", str(tmp_path / name), url="https://127.0.0.1:1")
        assert (done.returncode, done.stderr.count("\n")) == (64, 1)
        assert str(tmp_path / name) in done.stderr
    with pytest.raises(UsageError, match="empty"):
        Client("https://127.0.0.1:1", ca_file=str(tmp_path / "empty"))


def test_without_a_token_it_is_said_how_to_give_one(url: str, certificate: Certificate) -> None:
    """On the same line; a wrong one too."""
    for token in ("", "wrong"):
        trusted = {"PPA_ASSIGNER_CA": str(certificate.certificate), "PPA_ASSIGNER_TOKEN": token}
        done = cli("status", url=url, env=trusted)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (77, "", 1)
        for part in ("token", "PPA_ASSIGNER_TOKEN", "--token-file"):
            assert part in done.stderr
