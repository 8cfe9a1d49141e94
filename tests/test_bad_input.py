"""What a person can get wrong is answered with one clear line, and never with a traceback or a hang."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .commandline import Done, to_its_end
from .processes import Daemon, Launchpad, configure, environment, running, start_launchpad
from .waiting import until

CREDENTIALS = "[1]\nconsumer_key = x\nconsumer_secret = \naccess_token = y\naccess_secret = z\n\n"


@pytest.fixture(scope="module")
def launchpad() -> Iterator[Launchpad]:
    """A stand-in that several tests use, each with PPAs of its own."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "2")
    yield launchpad
    launchpad.stop()


def run(folder: Path, *arguments: str) -> Done:
    """A command line to its end."""
    return to_its_end("daemon", arguments, environment(folder), folder=folder)


def credentials_in(folder: Path) -> None:
    """As `login` writes them: ours alone."""
    (folder / "c").write_text(CREDENTIALS)
    (folder / "c").chmod(0o600)


@pytest.mark.parametrize(
    ("proxy", "said"), [("http://[", "https_proxy in the environment"), ("socks5://h:1", "socks5:// is not supported")]
)
def test_a_proxy_that_cannot_be_used(tmp_path: Path, proxy: str, said: str) -> None:
    """One line and exit code 78, which systemd does not start again; it is no bug."""
    credentials_in(tmp_path)
    (tmp_path / "ppas.yaml").write_text("ppas: ['~a/ubuntu/b']\nlaunchpad: {credentials: c}\n")
    done = to_its_end(
        "daemon", ("run", "--config", "ppas.yaml"), {**environment(tmp_path), "https_proxy": proxy}, folder=tmp_path
    )
    assert done.returncode == 78
    assert said in done.stderr.splitlines()[-1]
    assert "bug" not in done.stderr


@pytest.mark.parametrize("command", ["run", "check-config"])
@pytest.mark.parametrize(
    ("text", "lines"),
    [
        (None, ["ppas.yaml:1: this file does not exist"]),
        ("", ["ppas.yaml:1: the file is empty"]),
        ("ppas: [", ["ppas.yaml:1: this is not YAML"]),
        (
            "ppas: [nonsense, '~a/ubuntu/b', '~a/ubuntu/b']\nlaunchpad: {credentials: c, timeoute: 1}\n",
            ["ppas.yaml:1: ppas[0]", "ppas.yaml:1: ppas[2]", "ppas.yaml:2: launchpad.timeoute"],
        ),
        ("ppas: ['~a/ubuntu/b']\nlaunchpad: {credentials: nowhere}\n", ["ppas.yaml:2: "]),
    ],
)
def test_a_wrong_configuration_says_each_mistake_with_its_line(
    tmp_path: Path, command: str, text: str | None, lines: list[str]
) -> None:
    """FILE:LINE: message for every mistake, exit code 78, nothing else."""
    credentials_in(tmp_path)
    if text is not None:
        (tmp_path / "ppas.yaml").write_text(text)
    done = run(tmp_path, command, "--config", "ppas.yaml")
    assert done.returncode == 78
    told = done.stderr.splitlines()
    assert [line[: len(start)] for line, start in zip(told, lines, strict=True)] == lines


def test_credentials_that_are_none_end_the_start(tmp_path: Path) -> None:
    """One line that names the file, exit code 78."""
    (tmp_path / "c").write_text("not credentials")
    (tmp_path / "ppas.yaml").write_text("ppas: ['~a/ubuntu/b']\nlaunchpad: {credentials: c}\n")
    done = run(tmp_path, "run", "--config", "ppas.yaml")
    assert (done.returncode, len(done.stderr.splitlines())) == (78, 1)
    assert "c: not a file of Launchpad credentials" in done.stderr


def test_a_good_configuration_is_described(tmp_path: Path) -> None:
    """check-config ends with 0 and tells what it understood."""
    credentials_in(tmp_path)
    (tmp_path / "ppas.yaml").write_text("ppas: ['~a/ubuntu/b{01..12}']\nlaunchpad: {credentials: c}\n")
    done = run(tmp_path, "check-config", "--config", "ppas.yaml")
    assert (done.returncode, done.stderr) == (0, "")
    assert "12" in done.stdout


def test_unchecked_certificates_are_refused(tmp_path: Path) -> None:
    """The environment may not turn the checks off."""
    credentials_in(tmp_path)
    (tmp_path / "ppas.yaml").write_text("ppas: ['~a/ubuntu/b']\nlaunchpad: {credentials: c}\n")
    command = [sys.executable, "-m", "ppa_assigner.cli", "run", "--config", "ppas.yaml"]
    env = {**environment(tmp_path), "LP_DISABLE_SSL_CERTIFICATE_VALIDATION": "1"}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=env, timeout=30, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (78, 1)
    assert "LP_DISABLE_SSL_CERTIFICATE_VALIDATION" in done.stderr


def unready(daemon: Daemon) -> str:
    """Why it is not ready."""
    answer = daemon.http.get("/readyz")
    assert answer.status_code == 503
    detail: str = answer.json()["detail"]
    return detail


def test_launchpad_down_at_start_is_waited_for(tmp_path: Path, launchpad: Launchpad) -> None:
    """The daemon stays up, /readyz says why, an assign is 503; and it goes on by itself once Launchpad is there."""
    daemon = configure(tmp_path, launchpad, ppas=["~ci-pool/ubuntu/pool-001"])
    rule = launchpad.control.fault("status", status=503, text="maintenance")
    with running(daemon):
        daemon.start(ready=False)
        until(lambda: "503" in unready(daemon), "a reason")
        launchpad.control.unfault(rule)
        until(lambda: daemon.http.get("/readyz").status_code == 200, "readiness", 30)
        daemon.wait_for_states(free=1)


def test_wrong_credentials_are_told(tmp_path: Path, launchpad: Launchpad) -> None:
    """Launchpad refuses the token: /readyz and one line of the log say so; the daemon stays up."""
    (tmp_path / "launchpad.credentials").write_text(CREDENTIALS)
    daemon = configure(tmp_path, launchpad)
    with running(daemon):
        daemon.start(ready=False)
        until(lambda: "credentials" in unready(daemon), "a reason")
        assert sum("cannot log in" in line for line in daemon.log.splitlines()) == 1


def condition_of(daemon: Daemon, ppa: str) -> dict[str, Any]:
    """What is known of a PPA."""
    found: dict[str, Any] = daemon.http.get(f"/v1/ppas/{ppa}").json()
    return found


def test_a_ppa_that_is_not_there_is_missing(tmp_path: Path, launchpad: Launchpad) -> None:
    """It is shown with the reason, and the others are lent."""
    daemon = configure(tmp_path, launchpad, ppas=["~ci-pool/ubuntu/pool-001", "~ci-pool/ubuntu/nope"])
    with running(daemon):
        daemon.start().wait_for_states(free=1)
        nope = condition_of(daemon, "~ci-pool/ubuntu/nope")
        assert (nope["state"], nope["condition"]) == (None, "missing")
        assert nope["fault"]
        assert daemon.assign().status_code == 201


def test_a_ppa_that_is_not_ours_to_edit_is_out_of_reach(tmp_path: Path, launchpad: Launchpad) -> None:
    """Launchpad's refusal is shown; nothing is lent that we could not take back."""
    (theirs,) = launchpad.control.ppas("stranger", names=["theirs"])
    daemon = configure(tmp_path, launchpad, ppas=[theirs])
    with running(daemon):
        daemon.start()
        until(lambda: condition_of(daemon, theirs)["condition"] == "unreachable", "the refusal")
        assert "may not be written" in condition_of(daemon, theirs)["fault"]
        assert daemon.assign().status_code == 409
    assert launchpad.control.description(theirs) is None


def test_a_ppa_with_foreign_packages_is_left_alone(tmp_path: Path, launchpad: Launchpad) -> None:
    """Somebody's packages are never touched until an operator says adopt; then it is cleaned and lent."""
    (full,) = launchpad.control.ppas("ci-pool", names=["full"], description="ours since 2011")
    launchpad.control.upload(full, "precious", "1.0")
    daemon = configure(tmp_path, launchpad, ppas=[full])
    with running(daemon):
        daemon.start()
        until(lambda: condition_of(daemon, full)["condition"] == "unmanaged", "a look into it")
        assert launchpad.control.description(full) == "ours since 2011"
        assert daemon.http.post(f"/v1/ppas/{full}/adopt").status_code == 200
        daemon.wait_for_states(free=1)
        assert (launchpad.control.description(full) or "").startswith("ours since 2011\n")
        assert launchpad.control.packages(full)["sources"][0]["status"] == "Deleted"
