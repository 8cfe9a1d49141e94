"""The commands of the command line, as processes: exit codes, what is printed where, what is sent."""

from __future__ import annotations

import hashlib
import json
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ppa_assigner.cli.app import parser
from tests.commandline import DEADLINE_S, PROGRAM, at_terminal, cli, environment, on_terminal, started
from tests.fakedaemon import LEASE, PPA, Drop, FakeDaemon, Held, Reply, Stream, problem
from tests.ports import free_port
from tests.recipes.packages import package

LEASES = "/v1/leases"
ONE = "/v1/leases/4c1f"
TOUCH = "/v1/leases/4c1f/touch"
POOL_001 = "/v1/ppas/~ci-pool/ubuntu/pool-001"


@pytest.fixture
def daemon() -> Iterator[FakeDaemon]:
    """It lists no leases: an id that no request has is a lease's."""
    with FakeDaemon() as fake:
        yield fake.on("GET", LEASES, Reply(200, {"items": []}))


# -- the program itself -----------------------------------------------------------------------------------------------


def test_version_and_help_need_no_daemon() -> None:
    """Both end with 0 and say nothing on stderr; help in a pipe has no colours."""
    version, help_ = cli("--version"), cli("--help")
    assert (version.returncode, version.stderr) == (0, "")
    assert version.stdout.startswith("ppa-assigner 0.")
    assert (help_.returncode, help_.stderr) == (0, "")
    assert "\x1b" not in help_.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("frobnicate",),
        ("assign",),
        ("assign", "--owner"),
        ("assign", "--owner", "x", "--frob"),
        ("assign", "--owner", "x", "--wait", "soon"),
        ("assign", "--owner", "x", "--wait", "-1"),
        ("assign", "--owner", "x", "--ttl", "9999d"),
        ("assign", "--owner", "x", "--ttl", "9" * 400),
        ("assign", "--owner", "x", "--idle", "9" * 5000),
        ("assign", "--owner", "x", "--wait", "9" * 400 + "d"),
        ("assign", "--owner", "x", "--request-id", "r", "--attempt", "9" * 400),
        ("assign", "--owner", "x", "--request-id", "r", "--attempt", "9" * 5000),
        ("touch", "4c1f", "--ttl", "inf"),
        ("assign", "--owner", "x", "--ppa", "~x/pool-001/ubuntu"),
        ("assign", "--owner", "x", "--ppa", "pool-001"),
        ("assign", "--owner", "x", "--source", "hello"),
        ("assign", "--owner", "x", "--json", "--export"),
        ("assign", "--owner", "x", "--attempt", "1"),
        ("assign", "--owner", "x", "--url", "gopher://x"),
        ("assign", "--owner", "x", "--token-file", "/nonexistent"),
        ("touch",),
        ("release",),
        ("status", "nonsense"),
        ("status", "--watch"),
        ("status", "--watch", "--json"),
        ("exec", "--owner", "x"),
        ("exec", "--owner", "x", "--on-lost", "shrug", "--", "true"),
        ("hold", "--for", "2h"),
        ("hold", "4c1f", "--for", "2h", "--lease", "9be2"),
        ("release", "4c1f", "--mine"),
        ("release", "4c1f", "--owner", "me"),
        ("touch", "~ci-pool/pool-001"),
        ("withdraw",),
        ("clean", "ppa:ci-pool/pool-001"),
    ],
)
def test_a_line_that_makes_no_sense_is_64(arguments: tuple[str, ...]) -> None:
    """Said on stderr, without a traceback, before anything is sent: no daemon is there."""
    done = cli(*arguments, url=f"http://127.0.0.1:{free_port()}")
    assert done.returncode == 64
    assert "Traceback" not in done.stderr
    assert done.stdout + done.stderr


def test_an_unexpected_exception_is_one_line_and_70(daemon: FakeDaemon) -> None:
    """A traceback is for who asks for it with PPA_ASSIGNER_DEBUG=1."""
    daemon.on("GET", "/v1/ppas", Reply(200, {"items": [PPA | {"until": 7, "state": "used", "cleaning": "strange"}]}))
    done = cli("status", url=daemon.url)
    assert (done.returncode, done.stderr.count("\n")) == (70, 1)
    assert "Traceback" in cli("status", url=daemon.url, env={"PPA_ASSIGNER_DEBUG": "1"}).stderr


def test_nobody_there_is_69() -> None:
    """After five seconds, with the address in the message, and with what sets another."""
    url = f"http://127.0.0.1:{free_port()}"
    done = cli("status", url=url)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (69, "", 1)
    for part in (url, "Connection refused", "--url", "PPA_ASSIGNER_URL"):
        assert part in done.stderr


def test_every_command_that_asks_the_daemon_is_told_where_as_whom_and_whom_to_trust() -> None:
    """By the same four options."""
    group = parser()
    options = {
        name: {option for parameter in command.params for option in parameter.opts}
        for name, command in getattr(group, "commands", {}).items()
    }
    asking = {name for name, of_it in options.items() if "--url" in of_it}
    assert {"assign", "exec", "status", "events", "adopt", "release"} <= asking
    assert [name for name in asking if not {"--token-file", "--oidc", "--ca-file"} <= options[name]] == []


def test_a_broken_pipe_is_quiet(daemon: FakeDaemon) -> None:
    """Who has read enough goes away; that is no bug."""
    daemon.on("GET", "/v1/ppas", Reply(200, {"items": [PPA] * 5000}))
    with started("status", url=daemon.url) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(DEADLINE_S) == 141


@pytest.mark.parametrize(
    "content", [b"open-sesame\n", b"\xef\xbb\xbfopen-sesame\r\n"], ids=["plain", "as Windows has it"]
)
def test_url_and_token_file_win_over_the_environment(daemon: FakeDaemon, tmp_path: Path, content: bytes) -> None:
    """What the line says is what counts."""
    (tmp_path / "token").write_bytes(content)
    daemon.on("GET", "/v1/ppas", Reply(200, {"items": []}))
    arguments = ("status", "--url", daemon.url, "--token-file", str(tmp_path / "token"))
    done = cli(*arguments, url="http://127.0.0.1:1", env={"PPA_ASSIGNER_TOKEN": "other"})
    assert (done.returncode, done.stderr) == (0, "")
    assert daemon.requests[0].headers["Authorization"] == "Bearer open-sesame"


# -- assign -----------------------------------------------------------------------------------------------------------


def test_assign_prints_the_reference(daemon: FakeDaemon) -> None:
    """And sends each option in the contract's words; durations become seconds."""
    daemon.on("POST", LEASES, Reply(201, LEASE))
    options = "--owner ticket-123 --pool p --wait 1m --ttl 8h --idle 10m --note n --ppa ppa:a/b --uploader ~ann"
    more = "--request-id build-77 --attempt 2 --source hello=2.10-3 --source a=1=2"
    done = cli("assign", *options.split(), *more.split(), url=daemon.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "~ci-pool/ubuntu/pool-001\n", "")
    body = daemon.requests[0].body
    assert body.pop("wait") == 1.0  # of the minute: a long wait is asked for in short ones
    assert body == {
        "owner": "ticket-123",
        "pool": "p",
        "ttl": 28800,
        "idle": 600,
        "note": "n",
        "ppa": "~a/ubuntu/b",
        "uploader": "~ann",
        "request_id": "build-77",
        "attempt": 2_000_000,  # of the third command: the first one's many requests counted from 0
        "sources": [{"name": "hello", "version": "2.10-3"}, {"name": "a", "version": "1=2"}],
    }


def test_assign_sends_what_the_changes_files_upload(daemon: FakeDaemon, tmp_path: Path) -> None:
    """With the files, which the daemon compares with what a PPA had; beside what --source names."""
    daemon.on("POST", LEASES, Reply(201, LEASE))
    changes = [package(tmp_path), package(tmp_path, "other", "2:1-1")]
    options = [text for path in changes for text in ("--changes", str(path))]
    done = cli("assign", "--owner", "x", "--source", "third=1", *options, url=daemon.url)
    assert (done.returncode, done.stderr) == (0, "")
    third, hello, other = daemon.requests[0].body["sources"]
    assert third == {"name": "third", "version": "1"}
    assert (hello["name"], hello["version"], hello["series"]) == ("hello", "1.0", "noble")
    assert [file["name"] for file in hello["files"]] == ["hello_1.0.dsc"]
    assert (other["version"], other["files"][0]["name"]) == ("2:1-1", "other_1-1.dsc")


@pytest.mark.parametrize("content", [None, "no field\n", "Source: hello\n"])
def test_a_changes_file_that_cannot_be_used_is_named(daemon: FakeDaemon, tmp_path: Path, content: str | None) -> None:
    """Before anything is asked for."""
    path = tmp_path / "hello_1.0_source.changes"
    if content is not None:
        path.write_text(content)
    done = cli("assign", "--owner", "x", "--changes", str(path), url=daemon.url)
    assert (done.returncode, done.stdout) == (64, "")
    assert str(path) in done.stderr
    assert done.stderr.startswith("ppa-assigner: --changes: ")
    assert len(done.stderr.splitlines()) == 1
    assert daemon.requests == []


def test_assign_json_is_the_lease(daemon: FakeDaemon) -> None:
    """The daemon's document, whole."""
    daemon.on("POST", LEASES, Reply(201, LEASE))
    assert json.loads(cli("assign", "--owner", "x", "--json", url=daemon.url).stdout) == LEASE


def test_export_lines_are_safe_for_eval(daemon: FakeDaemon) -> None:
    """A shell that evaluates them has the four variables, whatever a value holds."""
    daemon.on("POST", LEASES, Reply(201, LEASE | {"web": "https://x/'$(echo pwned)`id`"}))
    done = cli("assign", "--owner", "x", "--export", url=daemon.url)
    assert done.stdout.startswith("export PPA='ppa:ci-pool/ubuntu/pool-001'\n")
    script = f'eval {shlex.quote(done.stdout)}; printf "%s\\n" "$PPA" "$PPA_REFERENCE" "$PPA_LEASE_ID" "$PPA_WEB"'
    shell = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=DEADLINE_S, check=True)
    assert shell.stdout.splitlines() == [
        "ppa:ci-pool/ubuntu/pool-001",
        "~ci-pool/ubuntu/pool-001",
        "4c1f",
        "https://x/'$(echo pwned)`id`",
    ]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (problem(409, "none-free"), 75),
        (problem(409, "all-burnt"), 75),
        (problem(409, "superseded"), 77),
        (problem(409, "request-id-taken"), 77),
        (problem(401, "unauthorized"), 77),
        (problem(404, "unknown-pool"), 64),
        (problem(422, "invalid"), 64),
        (problem(500, "internal-error"), 70),
    ],
)
def test_refusals_have_codes_of_their_own(daemon: FakeDaemon, answer: Reply, code: int) -> None:
    """Scripts tell busy from wrong from broken; stdout stays empty, stderr has the daemon's sentence."""
    daemon.on("POST", LEASES, answer)
    done = cli("assign", "--owner", "x", url=daemon.url)
    assert (done.returncode, done.stdout) == (code, "")
    assert "because of" in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupted_assign_takes_its_wish_back(daemon: FakeDaemon, number: signal.Signals, code: int) -> None:
    """Nobody holds a PPA for somebody who pressed Ctrl-C."""
    daemon.on("POST", LEASES, Held(Reply(201, LEASE))).on("DELETE", LEASES, Reply(200))
    with started("assign", "--owner", "x", "--wait", "10m", url=daemon.url) as process:
        (asked,) = daemon.wait_for("POST", LEASES)
        process.send_signal(number)
        assert process.communicate(timeout=DEADLINE_S) == ("", "")
    assert process.returncode == code
    assert [seen.query for seen in daemon.calls("DELETE", LEASES)] == [{"request_id": asked.body["request_id"]}]


def test_a_lease_that_cannot_be_told_is_taken_back(daemon: FakeDaemon) -> None:
    """Nobody reads what assign prints: the PPA must not be lost until its lease ends."""
    held = Held(Reply(201, LEASE))
    daemon.on("POST", LEASES, held).on("DELETE", LEASES, Reply(200))
    with started("assign", "--owner", "x", url=daemon.url) as process:
        assert process.stdout is not None
        daemon.wait_for("POST", LEASES)
        process.stdout.close()
        held.go.set()
        assert process.wait(DEADLINE_S) == 141
    assert len(daemon.calls("DELETE", LEASES)) == 1


def test_a_terminal_shows_the_line_while_waiting(daemon: FakeDaemon) -> None:
    """How many wait, on stderr, wiped before the answer."""
    held = Held(Reply(201, LEASE))
    daemon.on("POST", LEASES, held)
    pools = {"items": [{"pool": "default", "counts": {}, "waiting": 3, "oldest_wait": 1.0}]}
    daemon.on("GET", "/v1/pools", Reply(200, pools), Held(Reply(200, pools), go=held.go))
    daemon.after("GET", "/v1/pools", 2, held.go)
    code, shown = on_terminal("assign", "--owner", "x", "--wait", "1m", url=daemon.url)
    assert code == 0
    assert "waiting (3 in line)" in shown
    assert "\r\x1b[K~ci-pool/ubuntu/pool-001\r\nPPA " in shown


def test_a_terminal_shows_the_place_and_that_nobody_answers(daemon: FakeDaemon) -> None:
    """The place that the daemon told, never behind more than wait now; an outage at once; all wiped at the end."""
    held = Held(Reply(201, LEASE))
    daemon.on("POST", LEASES, problem(409, "none-free", position=7, ticket="t", retry_after=0), Drop(), held)
    pools = {"items": [{"pool": "default", "counts": {}, "waiting": 3, "oldest_wait": 1.0}]}
    daemon.on("GET", "/v1/pools", Reply(200, pools), Held(Reply(200, pools), go=held.go))
    daemon.after("GET", "/v1/pools", 2, held.go)
    code, shown = on_terminal("assign", "--owner", "x", "--wait", "1m", url=daemon.url)
    assert code == 0
    assert "the daemon does not answer; trying again…" in shown
    assert "waiting (place 3 of 3)" in shown
    assert "\r\x1b[K~ci-pool/ubuntu/pool-001\r\nPPA " in shown


def test_elsewhere_an_outage_is_told_once(daemon: FakeDaemon) -> None:
    """One line on stderr, however often is tried; the answer is what it would have been."""
    daemon.on("POST", LEASES, Drop(), Drop(), Drop(), Reply(201, LEASE))
    done = cli("assign", "--owner", "x", "--wait", "1m", url=daemon.url)
    assert (done.returncode, done.stdout) == (0, "~ci-pool/ubuntu/pool-001\n")
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("ppa-assigner: the daemon does not answer; trying again… (http")


@pytest.mark.parametrize("command", [("assign",), ("exec",)])
def test_an_interrupt_during_an_outage_ends_soon(daemon: FakeDaemon, command: tuple[str]) -> None:
    """Who is tired of waiting for a daemon does not wait for it once more; it is tried for a moment."""
    daemon.on("POST", LEASES, Drop()).on("DELETE", LEASES, Drop())
    rest = () if command == ("assign",) else ("--", "true")
    with started(*command, "--owner", "x", "--wait", "10m", *rest, url=daemon.url) as process:
        daemon.wait_for("POST", LEASES, 3)
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=DEADLINE_S)
        assert time.monotonic() - began < 9  # with a daemon that had answered before it would be ten seconds
    assert (process.returncode, out) == (130, "")
    assert "could not be withdrawn" in err.splitlines()[-1]
    assert daemon.calls("DELETE", LEASES)


def test_a_second_signal_does_not_keep_the_wish_from_being_withdrawn(daemon: FakeDaemon) -> None:
    """A terminal that is closed tells it twice.  That it is asked again, after that, shows that it went on."""
    first = Held(problem(503, "unavailable", retry_after=0))
    daemon.on("POST", LEASES, Held(Reply(409))).on("DELETE", LEASES, first, Reply(200, {}))
    with started("assign", "--owner", "x", "--wait", "10m", url=daemon.url) as process:
        daemon.wait_for("POST", LEASES)
        process.send_signal(signal.SIGHUP)
        daemon.wait_for("DELETE", LEASES)
        process.send_signal(signal.SIGTERM)
        first.go.set()
        daemon.wait_for("DELETE", LEASES, 2)
        out, err = process.communicate(timeout=DEADLINE_S)
    assert (process.returncode, out, err) == (128 + signal.SIGHUP, "", "")


# -- a stdout that takes nothing --------------------------------------------------------------------------------------


def into(stdout: str, *arguments: str, url: str) -> subprocess.CompletedProcess[bytes]:
    """Run a command whose stdout a shell directs there."""
    line = f"{shlex.join([*PROGRAM, *arguments])} {stdout}"
    return subprocess.run(["sh", "-c", line], stderr=-1, timeout=DEADLINE_S, check=False, env=environment(url))


@pytest.mark.parametrize(("stdout", "why"), [(">/dev/full", b"No space left on device"), (">&-", b"stdout is closed")])
def test_a_lease_that_cannot_be_written_is_released(daemon: FakeDaemon, stdout: str, why: bytes) -> None:
    """One line says it; 70: asking again would meet the same full disk, and no script may try that for ever."""
    daemon.on("POST", LEASES, Reply(201, LEASE)).on("DELETE", LEASES, Reply(200))
    done = into(stdout, "assign", "--owner", "x", url=daemon.url)
    assert done.returncode == 70
    assert done.stderr == b"ppa-assigner: could not write the answer: " + why + b"; the lease was released\n"
    assert len(daemon.calls("DELETE", LEASES)) == 1


@pytest.mark.parametrize("arguments", [("status",), ("status", "--json"), ("--version",), ("--help",), ("token",)])
def test_a_full_stdout_is_one_line(daemon: FakeDaemon, arguments: tuple[str, ...]) -> None:
    """Whatever is printed."""
    daemon.on("GET", "/v1/ppas", Reply(200, {"items": [PPA]}))
    done = into(">/dev/full", *arguments, url=daemon.url)
    assert done.returncode == 70
    assert done.stderr == b"ppa-assigner: could not write the answer: No space left on device\n"


# -- touch, release, status -------------------------------------------------------------------------------------------


def test_touch_prints_the_end(daemon: FakeDaemon) -> None:
    """Of the lease named by PPA_LEASE_ID when none is given; over is 77."""
    daemon.on("POST", TOUCH, Reply(200, LEASE), Reply(200, LEASE), problem(410, "lease-over"))
    done = cli("touch", url=daemon.url, env={"PPA_LEASE_ID": "4c1f"})
    assert (done.returncode, done.stdout) == (0, "2026-11-25T11:14:12Z\n")
    assert json.loads(cli("touch", "4c1f", "--ttl", "2h", "--json", url=daemon.url).stdout) == LEASE
    assert [seen.body for seen in daemon.calls("POST", TOUCH)] == [{}, {"ttl": 7200}]
    assert cli("touch", "4c1f", url=daemon.url).returncode == 77


def test_release_is_quiet(daemon: FakeDaemon) -> None:
    """Prints nothing unless asked for JSON."""
    daemon.on("DELETE", ONE, Reply(200, PPA))
    done = cli("release", url=daemon.url, env={"PPA_LEASE_ID": "4c1f"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads(cli("release", "4c1f", "--json", url=daemon.url).stdout) == PPA


def test_release_of_an_unknown_lease_is_77_but_0_after_a_lost_answer(daemon: FakeDaemon) -> None:
    """A script that releases twice learns of its mistake; a network that lost the answer is none."""
    daemon.on("DELETE", ONE, problem(404, "unknown-lease"), Drop(), problem(404, "unknown-lease"))
    assert cli("release", "4c1f", url=daemon.url).returncode == 77
    assert cli("release", "4c1f", url=daemon.url).returncode == 0


def test_release_while_launchpad_is_away_is_69_and_says_what_becomes_of_it(daemon: FakeDaemon) -> None:
    """The daemon does it later; it is asked once."""
    daemon.on("DELETE", ONE, problem(503, "launchpad-unavailable", retry_after=5, pending=True))
    done = cli("release", "4c1f", url=daemon.url)
    assert (done.returncode, done.stdout) == (69, "")
    assert "not released yet: the daemon does it as soon as Launchpad is back" in done.stderr
    assert len(daemon.calls("DELETE", ONE)) == 1


def test_status_in_a_pipe_is_plain_and_whole(daemon: FakeDaemon) -> None:
    """Nothing is cut, wrapped or coloured, and no text of others brings control characters."""
    end = {"until": "2999-01-01T00:00:00Z", "ends": "2026-01-01T00:00:00Z", "ends_by": "idle"}
    used = PPA | {"state": "used", **end, "owner": "\x1b[31mred\n\u202e" + "x" * 300}
    bad = PPA | {"condition": "quarantined", "quarantined": "too often", "tries": 5, "fault": "503", "cleaning": None}
    daemon.on("GET", "/v1/ppas", Reply(200, {"items": [used, bad]}))
    done = cli("status", url=daemon.url, env={"COLUMNS": "40", "FORCE_COLOR": "1"})
    assert done.returncode == 0
    heads, first, second = done.stdout.splitlines()
    assert heads.split() == ["PPA", "STATE", "AGE", "LEFT", "OWNER", "REMARK"]
    assert "\\x1b[31mred\\n\\u202e" + "x" * 300 in first
    assert "  0s idle  " in first
    assert "delete 3/7" in first
    assert second.endswith("quarantined: too often; 5 tries failed: 503")
    assert "\x1b" not in done.stdout


AWAY = {"ok": False, "since": "2026-11-25T03:14:12Z", "why": "503 Service Unavailable"}
SAID = "ppa-assigner: Launchpad is away since 2026-11-25T03:14:12Z: 503 Service Unavailable\n"


UNREADY = "ppa-assigner: nothing can be lent yet: because of launchpad-unavailable\n"


@pytest.mark.parametrize(
    ("ready", "said"),
    [
        (Reply(200, {"ready": True, "launchpad": AWAY}), SAID),
        (problem(503, "launchpad-unavailable", launchpad=AWAY), UNREADY),
        (problem(503, "launchpad-unavailable", launchpad={"ok": True}), UNREADY),
    ],
    ids=["away", "not ready yet", "not ready, though Launchpad answers"],
)
def test_status_says_what_is_in_the_way(daemon: FakeDaemon, ready: Reply, said: str) -> None:
    """In one line beside the table, which scripts read as ever; asked once.  Before its first look the daemon may not
    have asked Launchpad, which is not away then.
    """
    daemon.on("GET", "/v1/ppas", Reply(200, {"items": [PPA]})).on("GET", "/readyz", ready)
    plain, document = cli("status", url=daemon.url), cli("status", "--json", url=daemon.url)
    assert (plain.returncode, plain.stderr, len(plain.stdout.splitlines())) == (0, said, 2)
    assert (document.returncode, document.stderr, json.loads(document.stdout)) == (0, said, {"items": [PPA]})
    assert len(daemon.calls("GET", "/readyz")) == 2


@pytest.mark.parametrize("ready", [Reply(200, {"ready": True}), Reply(200, {"launchpad": {"ok": True}}), Drop()])
def test_status_says_nothing_of_launchpad_where_nothing_is_told(daemon: FakeDaemon, ready: Reply | Drop) -> None:
    """A daemon of an older version, one that reaches it, one that ends at that moment."""
    daemon.on("GET", "/v1/ppas", Reply(200, {"items": [PPA]})).on("GET", "/readyz", ready)
    done = cli("status", url=daemon.url)
    assert (done.returncode, done.stderr) == (0, "")


def test_status_of_some(daemon: FakeDaemon) -> None:
    """PPAs in any form are asked for one by one; an unknown one is a mistake of the line."""
    daemon.on("GET", POOL_001, Reply(200, PPA)).on("GET", "/v1/ppas/~a/ubuntu/b", problem(404, "unknown-ppa"))
    done = cli("status", "ppa:ci-pool/pool-001", "--json", url=daemon.url)
    assert json.loads(done.stdout) == {"items": [PPA]}
    assert cli("status", "~a/ubuntu/b", url=daemon.url).returncode == 64


def test_status_on_a_terminal_is_plain(daemon: FakeDaemon) -> None:
    """Drawn for people; what an owner calls himself cannot steer the terminal, nor is it markup."""
    daemon.on("GET", "/v1/ppas", Reply(200, {"items": [PPA | {"owner": "[red]x\x1b]0;t\x07"}]}))
    code, shown = on_terminal("status", url=daemon.url, env={"NO_COLOR": "1"})
    assert code == 0
    assert "[red]x\\x1b]0;t\\x07" in shown
    assert "\x07" not in shown


def test_status_watch_draws_anew(daemon: FakeDaemon) -> None:
    """How far a clean is, each time; an outage is told below what was known; what does not pass ends it."""
    more = PPA | {"cleaning": PPA["cleaning"] | {"deleted": 6, "left": 1}}
    first, second = Reply(200, {"items": [PPA]}), Reply(200, {"items": [more]})
    down = problem(503, "launchpad-unavailable", retry_after=9)
    daemon.on("GET", "/v1/ppas", first, second, down, down, problem(401, "unauthorized"))
    daemon.on("GET", "/readyz", Reply(200, {"ready": True, "launchpad": AWAY}), Reply(200, {"ready": True}))
    code, shown = on_terminal("status", "--watch", url=daemon.url, env={"NO_COLOR": "1", "LINES": "20"})
    assert code == 77
    clear, *drawings = shown.split("\x1b[H")
    assert clear == "\x1b[2J"
    assert ["delete 3/7" in drawing for drawing in drawings] == [True, False, False]
    assert ["delete 6/7" in drawing for drawing in drawings] == [False, True, True]
    assert ["Launchpad is away since" in drawing for drawing in drawings] == [True, False, False]
    assert ["because of launchpad-unavailable" in drawing for drawing in drawings] == [False, False, True]
    assert all(line.endswith("\x1b[K") for drawing in drawings for line in drawing.splitlines()[:2])


def test_status_watch_stays_on_the_screen_and_ends_with_a_signal(daemon: FakeDaemon) -> None:
    """A table that is too long is cut, and that is said; a terminal that is closed or Ctrl-C ends it in order."""
    daemon.on("GET", "/v1/ppas", Reply(200, {"items": [PPA] * 50}))
    shown = b""
    with at_terminal("status", "--watch", url=daemon.url, lines=12) as (process, terminal):
        while b"lines more" not in shown:
            shown += terminal.read(65536)
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE_S) == 130
    assert shown.count(b"\n") <= 11


# -- operating --------------------------------------------------------------------------------------------------------


def test_operators_acts(daemon: FakeDaemon) -> None:
    """Each sends what the contract says; a refused one is 77."""
    daemon.on("POST", POOL_001 + "/hold", Reply(200, PPA)).on("POST", POOL_001 + "/quarantine", Reply(200, PPA))
    daemon.on("POST", POOL_001 + "/resume", problem(409, "wrong-state"))
    assert cli("hold", "~ci-pool/ubuntu/pool-001", "--lease", "4c1f", "--for", "2h", url=daemon.url).returncode == 0
    assert cli("quarantine", "ppa:ci-pool/pool-001", "--reason", "odd", "--json", url=daemon.url).returncode == 0
    assert cli("resume", "ppa:ci-pool/ubuntu/pool-001", url=daemon.url).returncode == 77
    assert [seen.body for seen in daemon.requests] == [{"lease": "4c1f", "for": 7200}, {"reason": "odd"}, {}]


CONTENT = {
    "ppa": "~ci-pool/ubuntu/pool-001",
    "sources": [{"name": "hello", "version": "2.10-3", "where": "noble"}],
    "binaries": [],
    "builds": [{"title": "amd64 build of hello\x1b", "state": "Building", "cancellable": True}],
    "uploads": ["bye 1.0"],
}


def test_a_dry_run_shows_what_would_go(daemon: FakeDaemon) -> None:
    """A line for each thing, and how many there are."""
    daemon.on("GET", POOL_001 + "/content", Reply(200, CONTENT))
    done = cli("clean", "--dry-run", "ppa:ci-pool/pool-001", url=daemon.url)
    assert done.returncode == 0
    assert "sources: 1\n  hello 2.10-3 noble\n" in done.stdout
    assert "binaries: 0\n" in done.stdout
    assert "builds: 1\n  amd64 build of hello\\x1b Building\n" in done.stdout
    assert "uploads: 1\n  bye 1.0\n" in done.stdout
    as_json = cli("clean", "--dry-run", "--json", "ppa:ci-pool/pool-001", url=daemon.url)
    assert json.loads(as_json.stdout) == CONTENT


@pytest.mark.parametrize(("typed", "code"), [("pool-001\n", 0), ("ppa:ci-pool/pool-001\n", 0), ("yes\n", 64), ("", 64)])
def test_adopt_asks_for_the_name(daemon: FakeDaemon, typed: str, code: int) -> None:
    """Somebody's packages are deleted only when the PPA's name was typed after they were shown."""
    unmanaged = PPA | {"state": None, "condition": "unmanaged", "lease": None, "owner": None}
    daemon.on("GET", POOL_001 + "/content", Reply(200, CONTENT)).on("POST", POOL_001 + "/adopt", Reply(200, PPA))
    daemon.on("GET", POOL_001, Reply(200, unmanaged))
    done = cli("adopt", "ppa:ci-pool/pool-001", url=daemon.url, stdin=typed)
    assert done.returncode == code
    assert "hello 2.10-3" in done.stderr
    assert len(daemon.calls("POST", POOL_001 + "/adopt")) == (1 if code == 0 else 0)


def test_adopt_without_asking(daemon: FakeDaemon) -> None:
    """--yes is the answer."""
    daemon.on("POST", POOL_001 + "/adopt", Reply(200, PPA))
    assert json.loads(cli("adopt", "--yes", "--json", "ppa:ci-pool/pool-001", url=daemon.url).stdout) == PPA


def test_events_are_lines(daemon: FakeDaemon) -> None:
    """One each, escaped; with --json a document a line; --follow ends with a signal."""
    document = {"number": 1, "at": "2026-11-25T03:14:12Z", "ppa": "~a/ubuntu/b", "kind": "used", "data": {"o": "x\x1b"}}
    daemon.on("GET", "/v1/events", Stream([f"data: {json.dumps(document)}\n\n".encode()]))
    done = cli("events", url=daemon.url, env={"TZ": "UTC"})
    assert done.stdout == "Nov 25 03:14:12  ~a/ubuntu/b  used o=x\\x1b\n"
    with started("events", "--follow", "--json", url=daemon.url) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline()) == document
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=DEADLINE_S) == ("", "")
    assert process.returncode == 130


def test_token_comes_with_its_digest() -> None:
    """The first line is the secret, the second what the configuration holds; no two are the same."""
    first, second = cli("token"), cli("token")
    token, line = first.stdout.splitlines()
    assert line == f"token_sha256: {hashlib.sha256(token.encode()).hexdigest()}"
    assert len(token) >= 32
    assert second.stdout != first.stdout
