"""`exec --upload`, ended in each of its steps: real processes, real signals, and a dput that does what a test says."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ppa_assigner.standin.sources import write_source
from tests.commandline import DEADLINE_S, Running, cli, cli_anew, started
from tests.fakedaemon import LEASE, PPA, FakeDaemon, Held, Reply, problem
from tests.recipes.site import program
from tests.test_reaper import ended_at_last, runs
from tests.uploads.test_sources import SOURCE
from tests.waiting import until

LEASES, ONE = "/v1/leases", "/v1/leases/4c1f"
UPLOADS, SOURCES, TOUCH = f"{ONE}/uploads", f"{ONE}/sources", f"{ONE}/touch"
REACHED: dict[str, Any] = {
    "goal": "installable", "reached": True, "final": True, "why": "installable: all that was waited for",
    "sources": [{"name": "hello-ppa", "version": "1.0-1", "series": "noble", "state": "installable", "builds": [],
                 "binaries": []}],
}  # fmt: skip
STAYS = 'echo $$ > "$NOTED"; exec sleep 1000'


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    """Gives a PPA to everyone, in which all is installable at once."""
    with FakeDaemon() as fake:
        fake.on("POST", LEASES, Reply(201, LEASE)).on("DELETE", ONE, Reply(200, PPA))
        fake.on("GET", SOURCES, Reply(200, SOURCE))
        yield fake


class Job:
    """One that uploads a package; `dput` is a script."""

    def __init__(self, folder: Path, dput: str = "exit 0") -> None:
        program(folder / "dput", f"#!/bin/sh\n{dput}\n")
        self.noted = folder / "noted"
        self.environment = {"PATH": f"{folder}:/usr/bin:/bin", "NOTED": str(self.noted)}
        self.line = ("exec", "--owner", "ticket-123", "--upload", str(write_source(folder)))

    def pid(self) -> int:
        """The number that dput noted."""
        until(lambda: self.noted.exists() and self.noted.read_text().endswith("\n"), "dput", DEADLINE_S)
        return int(self.noted.read_text())


def ended(process: Running) -> tuple[str, str]:
    """What it printed until its end, which comes soon."""
    out, err = process.communicate(timeout=DEADLINE_S / 2)
    return out, err


def test_a_signal_while_dput_runs_ends_that_and_the_lease(daemon: FakeDaemon, tmp_path: Path) -> None:
    """It is passed on; nothing is run, and nothing is said to have failed."""
    job = Job(tmp_path, STAYS)
    with started(*job.line, "--", "echo", "ran", url=daemon.url, env=job.environment) as process:
        pid = job.pid()
        process.send_signal(signal.SIGTERM)
        assert ended(process) == ("", "")
    assert (process.returncode, runs(pid)) == (143, False)
    assert len(daemon.calls("DELETE", ONE)) == 1
    assert daemon.calls("GET", UPLOADS) == []


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_while_it_waits_ends_the_lease(daemon: FakeDaemon, tmp_path: Path, name: str) -> None:
    """At once."""
    held = Held(Reply(200, REACHED))
    daemon.on("GET", UPLOADS, held)
    job = Job(tmp_path)
    with started(*job.line, "--", "echo", "ran", url=daemon.url, env=job.environment) as process:
        daemon.wait_for("GET", UPLOADS, 1)
        process.send_signal(signal.Signals[name])
        assert ended(process)[0] == ""
    held.go.set()
    assert process.returncode == 128 + signal.Signals[name]
    assert len(daemon.calls("DELETE", ONE)) == 1


def test_a_killed_exec_takes_dput_with_it(daemon: FakeDaemon, tmp_path: Path) -> None:
    """Somebody else will soon have the PPA."""
    job = Job(tmp_path, STAYS)
    with started(*job.line, url=daemon.url, env=job.environment) as process:
        pid = job.pid()
        with ended_at_last(pid):
            process.send_signal(signal.SIGKILL)
            until(lambda: not runs(pid), "its end", DEADLINE_S)


def test_a_command_after_an_upload_gets_signals_as_ever(daemon: FakeDaemon, tmp_path: Path) -> None:
    """And what exec left of it ends with exec."""
    daemon.on("GET", UPLOADS, Reply(200, REACHED))
    job = Job(tmp_path)
    with started(*job.line, "--", "sh", "-c", STAYS, url=daemon.url, env=job.environment) as process:
        pid = job.pid()
        with ended_at_last(pid):
            process.send_signal(signal.SIGKILL)
            until(lambda: not runs(pid), "its end", DEADLINE_S)


@pytest.mark.parametrize("step", ["dput", "command"])
def test_a_killed_exec_leaves_no_file_behind(daemon: FakeDaemon, tmp_path: Path, step: str) -> None:
    """Its file for apt may have a login in it; not even the folder stays."""
    daemon.on("GET", UPLOADS, Reply(200, REACHED))
    temporary = tmp_path / "a\nb"
    temporary.mkdir()
    job = Job(tmp_path, STAYS if step == "dput" else "exit 0")
    environment = {**job.environment, "TMPDIR": str(temporary)}
    line = (*job.line, "--", "sh", "-c", STAYS)
    with started(*line, url=daemon.url, env=environment) as process, ended_at_last(job.pid()):
        (made,) = (path.name for path in temporary.rglob("*") if path.is_file())
        assert made == ("dput.cf" if step == "dput" else "ppa.sources")
        process.send_signal(signal.SIGKILL)
        until(lambda: not list(temporary.iterdir()), "their end", DEADLINE_S)


@pytest.mark.parametrize("on_lost", ["stop", "warn"])
def test_a_lease_that_is_lost_while_dput_runs(tmp_path: Path, on_lost: str) -> None:
    """It is stopped in any case, since it would upload to somebody else's PPA; nothing is run, and 77."""
    job = Job(tmp_path, STAYS)
    line = (*job.line, "--on-lost", on_lost, "--", "echo", "ran")
    with FakeDaemon() as fake:
        fake.on("POST", LEASES, Reply(201, LEASE | {"idle": 4})).on("GET", SOURCES, Reply(200, SOURCE))
        fake.on("POST", TOUCH, problem(410, "lease-over"))
        with started(*line, url=fake.url, env=job.environment) as process:
            pid = job.pid()
            out, err = ended(process)
    assert (process.returncode, out, runs(pid)) == (77, "", False)
    assert "is lost, dput is told to stop" in err


def test_a_lease_that_is_lost_while_it_waits_ends_the_wait(tmp_path: Path) -> None:
    """At once, though the daemon does not answer what was asked before."""
    held = Held(Reply(200, REACHED))
    job = Job(tmp_path)
    with FakeDaemon() as fake:
        fake.on("POST", LEASES, Reply(201, LEASE | {"idle": 4})).on("GET", SOURCES, Reply(200, SOURCE))
        fake.on("POST", TOUCH, problem(410, "lease-over")).on("GET", UPLOADS, held)
        with started(*job.line, "--", "echo", "ran", url=fake.url, env=job.environment) as process:
            out, err = ended(process)
        held.go.set()
    assert (process.returncode, out) == (77, "")
    assert "is lost" in err


def test_stdin_is_the_commands(daemon: FakeDaemon, tmp_path: Path) -> None:
    """dput reads none of it, and its stdout is not the command's."""
    daemon.on("GET", UPLOADS, Reply(200, REACHED))
    job = Job(tmp_path, "cat; echo dput speaks")
    done = cli(*job.line, "--", "cat", url=daemon.url, env=job.environment, stdin="typed\n")
    assert (done.returncode, done.stdout) == (0, "typed\n")
    assert "dput speaks" in done.stderr


@pytest.mark.parametrize(("to", "lines"), [
    ("", ("method = ftp", "fqdn = ppa.launchpad.net", "login = anonymous", "incoming = ~ci-pool/ubuntu/pool-001",
          "allow_unsigned_uploads = 0")),
    ("sftp://me@ppa.launchpad.net/", ("method = sftp", "login = me", "allow_unsigned_uploads = 0")),
    ("http://[::1]:8/upload/", ("fqdn = [::1]:8", "incoming = /upload/~ci-pool/ubuntu/pool-001",
                                "allow_unsigned_uploads = 1")),
])  # fmt: skip
def test_where_it_uploads(daemon: FakeDaemon, tmp_path: Path, to: str, lines: tuple[str, ...]) -> None:
    """To Launchpad, signed, unless it is told otherwise; by a configuration that is gone afterwards."""
    daemon.on("GET", UPLOADS, Reply(200, REACHED))
    job = Job(tmp_path, 'echo "$*"; while [ "$1" != -c ]; do shift; done; cat "$2"')
    options = ("--upload-to", to) if to else ()
    done = cli(*job.line, *options, url=daemon.url, env=job.environment)
    assert done.returncode == 0, done.stderr
    assert set(lines) <= set(done.stderr.splitlines())
    assert "--force --no-upload-log ppa-assigner /" in done.stderr
    path = done.stderr.split("-c ")[1].split()[0]
    assert not Path(path).exists()


@pytest.mark.parametrize(("options", "named"), [
    (("--upload-to", "ppa.launchpad.net"), "--upload-to"), (("--upload-to", "http://me:s3cret@h/"), "password"),
    (("--upload-to", "http://["), "--upload-to"), (("--upload-to", "http://a\u2100b/"), "--upload-to"),
    (("--auth", "/nowhere"), "--auth"), (("--timeout", "x"), "--timeout"),
    (("--upload", "/nowhere.changes"), "--upload"),
])  # fmt: skip
def test_what_cannot_be_meant_takes_no_ppa(
    daemon: FakeDaemon, tmp_path: Path, options: tuple[str, ...], named: str
) -> None:
    """64, before anything is asked."""
    done = cli(*Job(tmp_path).line, *options, url=daemon.url)
    assert (done.returncode, daemon.requests) == (64, [])
    assert named in done.stderr
    assert "s3cret" not in done.stderr


@pytest.mark.parametrize(
    "text", ["deb https://me:s3cret@[x/ubuntu noble main\n", "machine http://[x login me password s3cret\n"]
)
def test_a_login_for_no_address_takes_no_ppa(daemon: FakeDaemon, tmp_path: Path, text: str) -> None:
    """The file is named, and no password."""
    auth = tmp_path / "auth.conf"
    auth.write_text(text)
    done = cli(*Job(tmp_path).line, "--auth", str(auth), url=daemon.url)
    assert (done.returncode, daemon.requests) == (64, [])
    assert f"--auth: {auth} has a login for what is not an address" in done.stderr
    assert "s3cret" not in done.stderr


IDLE = {
    "exec --owner x --for built -- true": "--for goes with --upload",
    "exec --owner x --arch amd64 -- true": "--arch goes with --upload",
    "exec --owner x --appear 20m -- true": "--appear goes with --upload",
    "exec --owner x --timeout 4h -- true": "--timeout goes with --upload",
    "exec --owner x --retry 0 -- true": "--retry goes with --upload",
    "exec --owner x --auth file -- true": "--auth goes with --upload",
    "exec --owner x --upload-to http://h/ -- true": "--upload-to goes with --upload",
    "exec --owner x --on-lost stop --upload a.changes": "--on-lost goes with COMMAND",
    "exec --owner x --auth file --for built --upload a.changes": "--auth goes with COMMAND",
    "exec --owner x": "COMMAND is missing",
    "wait 4c1f --for accepted --arch amd64": "--arch is about builds",
    "wait 4c1f --for accepted --retry 1": "--retry is about builds",
    "sources 4c1f --json --auth file": "leave out --auth, or --json",
    "init --list --force": "--force goes with DIR",
    "init --print upload.sh --force": "--force goes with DIR",
    "check-config --schema --json": "--json or --schema, not both",
}


@pytest.mark.parametrize(("line", "why"), IDLE.items(), ids=IDLE)
def test_an_option_that_would_do_nothing_is_refused(daemon: FakeDaemon, line: str, why: str) -> None:
    """It is a mistake of the line: 64, in one line, before anything is asked; also where its default is given."""
    done = cli(*line.split(), url=daemon.url)
    assert (done.returncode, daemon.requests) == (64, [])
    assert why in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_files_in_a_row_are_all_uploaded(daemon: FakeDaemon, tmp_path: Path) -> None:
    """As a shell writes *.changes; what ends otherwise is the command."""
    daemon.on("GET", UPLOADS, Reply(200, REACHED))
    job = Job(tmp_path, 'echo "$#"')
    other = write_source(tmp_path, "other")
    done = cli(*job.line, str(other), "--for", "built", "echo", "a.changes", url=daemon.url, env=job.environment)
    assert (done.returncode, done.stdout) == (0, "a.changes\n"), done.stderr
    assert done.stderr.splitlines()[0] == "7"
    body = daemon.calls("POST", LEASES)[0].body
    assert [one["name"] for one in body["sources"]] == ["hello-ppa", "other"]


def test_a_login_is_in_its_file_alone(tmp_path: Path) -> None:
    """A login is in a file that is there while the command runs, and in no process's words or environment."""
    private = SOURCE | {"private": True, "uri": "https://private-ppa.launchpadcontent.net/ci-pool/pool-001/ubuntu"}
    auth = tmp_path / "auth.conf"
    auth.write_text("machine private-ppa.launchpadcontent.net login ann password s3cret\n")
    job = Job(tmp_path, 'cat /proc/$PPID/cmdline /proc/$PPID/environ | tr "\\0" "\\n"; env')
    with FakeDaemon() as fake:
        fake.on("POST", LEASES, Reply(201, LEASE)).on("DELETE", ONE, Reply(200, PPA))
        fake.on("GET", SOURCES, Reply(200, private)).on("GET", UPLOADS, Reply(200, REACHED))
        look = 'env; grep -c s3[c]ret "$PPA_SOURCES"; stat -c %a "$PPA_SOURCES" "$(dirname "$PPA_SOURCES")"'
        options = ("--for", "published", "--auth", str(auth), "--", "sh", "-c", look)
        done = cli_anew(*job.line, *options, url=fake.url, env=job.environment)
    assert done.stdout.splitlines()[-3:] == ["1", "600", "700"], done.stderr
    assert "s3cret" not in done.stdout + done.stderr
