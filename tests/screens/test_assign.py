"""What `assign` tells a person beside its answer, and what any command prints where there is none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ppa_assigner.problems import Kind, Problem
from ppa_assigner.record import format_time
from ppa_assigner.views import LeaseView

from ..api.fakes import Served
from ..commandline import cli
from ..ports import free_port
from .scene import ahead, screen, timeless

ASSIGN_80 = """
~ci-pool/ubuntu/pool-003
PPA    ppa:ci-pool/ubuntu/pool-003
Lease  003c1f8f0e3a7d4b5f9e2c6d1a0b7c8e
Ends   in 9m, TIME, unless it is touched
"""


def lent(served: Served) -> None:
    """Let an assign get the third PPA."""
    snapshot = served.backend.known[2]
    assert snapshot.record is not None
    served.backend.answer = LeaseView(snapshot.ppa, snapshot.record, fresh=True, end=snapshot.end)


def test_assign_tells_a_person_the_lease_and_its_end(one: Served) -> None:
    """On a terminal; before the answer only the line is wiped that showed the wait."""
    lent(one)
    shown = timeless(screen(80, "assign", "--owner", "me", url=one.url)).replace("\r\x1b[K", "")
    assert shown == ASSIGN_80


@pytest.mark.parametrize("more", [(), ("--export",), ("--json",)])
def test_assign_in_a_pipe_prints_the_answer_alone(one: Served, more: tuple[str, ...]) -> None:
    """Nothing on stderr, which a log gets."""
    lent(one)
    done = cli("assign", "--owner", "me", *more, url=one.url)
    assert (done.returncode, done.stderr) == (0, "")
    assert "pool-003" in done.stdout


def refuse(served: Served, **facts: Any) -> None:
    """Let assigns find none free."""
    counts = {"state": {"free": 0, "used": 3, "dirty": 2}, "condition": {"ok": 4, "quarantined": 1, "missing": 0}}
    told = {"counts": counts, "position": 2, "next_ends": format_time(ahead(minutes=12)), "ticket": "t", **facts}
    served.backend.answer = Problem(Kind.NONE_FREE, "no PPA of pool 'default' is free", retry_after=1, **told)


def test_none_free_tells_how_the_pool_stands(one: Served) -> None:
    """Counts, place and the earliest end, on one line; what the daemon does not know is left out."""
    refuse(one)
    done = cli("assign", "--owner", "me", url=one.url)
    assert (done.returncode, done.stdout) == (75, "")
    assert done.stderr == (
        "ppa-assigner: no PPA of pool 'default' is free (3 used, 2 dirty, 1 quarantined; place 2 in the line;"
        " the earliest lease ends in 12m)\n"
    )
    refuse(one, next_ends=None, counts=None)
    assert cli("assign", "--owner", "me", url=one.url).stderr == (
        "ppa-assigner: no PPA of pool 'default' is free (place 2 in the line)\n"
    )
    assert cli("exec", "--owner", "me", "--", "true", url=one.url).stderr.endswith(" (place 2 in the line)\n")


def test_json_is_the_problem_where_none_is_free(one: Served) -> None:
    """What the daemon said, on stdout; stderr and the exit code are as ever."""
    refuse(one)
    done = cli("assign", "--owner", "me", "--request-id", "r", "--json", url=one.url)
    problem = json.loads(done.stdout)
    assert (done.returncode, problem["status"], problem["request_id"], problem["position"]) == (75, 409, "r", 2)
    assert problem["type"].endswith("/none-free")
    assert done.stderr.startswith("ppa-assigner: no PPA of pool 'default' is free (")


@pytest.mark.parametrize("form", [("--json",), ("-o", "json"), ("--output", "json"), ("--output=json",)])
def test_json_is_the_problem_of_any_command(one: Served, form: tuple[str, ...]) -> None:
    """However JSON was asked for."""
    done = cli("show", "~ci-pool/ubuntu/pool-404", *form, url=one.url)
    assert done.returncode == 64
    assert json.loads(done.stdout)["type"].endswith("/unknown-ppa")


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("assign --owner me --wait soon --json", 64, "--wait"),
        ("assign --json", 64, "--owner"),
        ("status --json", 69, "127.0.0.1"),
        ("leases --output=json", 69, "127.0.0.1"),
        ("release --json", 64, "lease"),
    ],
)
def test_json_says_also_what_the_daemon_did_not(line: str, code: int, said: str) -> None:
    """A document of the same kind, whose `type` is none of the daemon's; nobody is at the address."""
    done = cli(*line.split(), url=f"http://127.0.0.1:{free_port()}")
    told = json.loads(done.stdout)
    assert (done.returncode, told["exit_code"], told["type"]) == (code, code, "about:blank")
    assert said in told["detail"]


@pytest.mark.parametrize("line", ["assign --owner me", "assign --owner me --export", "events --json", "exec --json"])
def test_without_json_stdout_has_no_problem(line: str) -> None:
    """Nor where it is a stream of documents, another program's, or a shell's to evaluate."""
    done = cli(*line.split(), url=f"http://127.0.0.1:{free_port()}")
    assert done.returncode != 0
    assert "{" not in done.stdout
