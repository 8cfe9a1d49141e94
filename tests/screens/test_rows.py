"""What a person sees of PPAs, leases and pools: whole screens of 80 and 100 columns, as a terminal shows them."""

from __future__ import annotations

import json
import signal

import pytest
import yaml

from ppa_assigner.cli.options import StateName
from ppa_assigner.record import State

from ..api.fakes import Served
from ..commandline import DEADLINE_S, at_terminal, cli
from .scene import JENKINS, screen

STATUS_80 = """
PPA                       STATE  AGE  LEFT     OWNER            REMARK
~ci-pool/ubuntu/pool-001  free   2h   -        -
~ci-pool/ubuntu/pool-002  used   3h   45m      …proposed/4711/
~ci-pool/ubuntu/pool-003  used   12m  9m idle  ticket-4711      a crash of the …
~ci-pool/ubuntu/pool-004  dirty  5m   -        …uns/9188273645  deleting 12/40
~ci-pool/ubuntu/pool-005  dirty  2d   -        mia              quarantined: 5 …
~ci-pool/ubuntu/pool-006  -      -    -        -                unmanaged: it h…
~ci-pool/ubuntu/pool-007  used   30h  4d       ann              unreachable, se…
"""

STATUS_100 = """
PPA                       STATE  AGE  LEFT     OWNER                      REMARK
~ci-pool/ubuntu/pool-001  free   2h   -        -
~ci-pool/ubuntu/pool-002  used   3h   45m      …job/noble-proposed/4711/
~ci-pool/ubuntu/pool-003  used   12m  9m idle  ticket-4711                a crash of the installer …
~ci-pool/ubuntu/pool-004  dirty  5m   -        …/actions/runs/9188273645  deleting 12/40
~ci-pool/ubuntu/pool-005  dirty  2d   -        mia                        quarantined: 5 cleans fai…
~ci-pool/ubuntu/pool-006  -      -    -        -                          unmanaged: it has no reco…
~ci-pool/ubuntu/pool-007  used   30h  4d       ann                        unreachable, seen 7m ago
"""

LEASES_80 = """
LEASE                             PPA                       AGE  LEFT     OWNER
002c1f8f0e3a7d4b5f9e2c6d1a0b7c8e  ~ci-pool/ubuntu/pool-002  3h   45m      …4711/
003c1f8f0e3a7d4b5f9e2c6d1a0b7c8e  ~ci-pool/ubuntu/pool-003  12m  9m idle  …-4711
007c1f8f0e3a7d4b5f9e2c6d1a0b7c8e  ~ci-pool/ubuntu/pool-007  30h  4d       ann
"""

LEASES_100 = """
LEASE                             PPA                       AGE  LEFT     OWNER
002c1f8f0e3a7d4b5f9e2c6d1a0b7c8e  ~ci-pool/ubuntu/pool-002  3h   45m      …/job/noble-proposed/4711/
003c1f8f0e3a7d4b5f9e2c6d1a0b7c8e  ~ci-pool/ubuntu/pool-003  12m  9m idle  ticket-4711
007c1f8f0e3a7d4b5f9e2c6d1a0b7c8e  ~ci-pool/ubuntu/pool-007  30h  4d       ann
"""

POOLS_80 = """
POOL     PPAS  FREE  USED  DIRTY  WAITING  OLDEST  REMARK
default  7     1     3     2      3        4m      1 unmanaged, 1 unreachable, …
"""

STATUS_OF_POOLS_80 = """
PPA                        POOL     STATE  AGE  LEFT     OWNER        REMARK
~ci-pool/ubuntu/pool-001   default  free   2h   -        -
~ci-pool/ubuntu/pool-002   default  used   3h   45m      …osed/4711/
~ci-pool/ubuntu/pool-003   default  used   12m  9m idle  ticket-4711  a crash o…
~ci-pool/ubuntu/pool-004   default  dirty  5m   -        …9188273645  deleting …
~ci-pool/ubuntu/noble-001  release  free   3d   -        -
~ci-pool/ubuntu/noble-002  release  used   50m  7h       …osed/4711/
"""

STATUS_OF_POOLS_100 = """
PPA                        POOL     STATE  AGE  LEFT     OWNER                  REMARK
~ci-pool/ubuntu/pool-001   default  free   2h   -        -
~ci-pool/ubuntu/pool-002   default  used   3h   45m      …noble-proposed/4711/
~ci-pool/ubuntu/pool-003   default  used   12m  9m idle  ticket-4711            a crash of the inst…
~ci-pool/ubuntu/pool-004   default  dirty  5m   -        …ions/runs/9188273645  deleting 12/40
~ci-pool/ubuntu/noble-001  release  free   3d   -        -
~ci-pool/ubuntu/noble-002  release  used   50m  7h       …noble-proposed/4711/
"""

LEASES_OF_POOLS_80 = """
LEASE                             PPA                        LEFT     OWNER
002c1f8f0e3a7d4b5f9e2c6d1a0b7c8e  ~ci-pool/ubuntu/pool-002   45m      …sed/4711/
003c1f8f0e3a7d4b5f9e2c6d1a0b7c8e  ~ci-pool/ubuntu/pool-003   9m idle  …cket-4711
002c1f8f0e3a7d4b5f9e2c6d1a0b7c8e  ~ci-pool/ubuntu/noble-002  7h       …sed/4711/
"""

STATUS_OF_ONE_80 = """
PPA                        STATE  AGE  LEFT  OWNER                        REMARK
~ci-pool/ubuntu/noble-001  free   3d   -     -
~ci-pool/ubuntu/noble-002  used   50m  7h    …d/job/noble-proposed/4711/
"""


@pytest.mark.parametrize(
    ("columns", "command", "shown"),
    [
        (80, "status", STATUS_80),
        (100, "status", STATUS_100),
        (80, "leases", LEASES_80),
        (100, "leases", LEASES_100),
        (80, "pools", POOLS_80),
    ],
)
def test_rows_fit_the_terminal(one: Served, columns: int, command: str, shown: str) -> None:
    """Nothing is boxed or wrapped; of owners and remarks as much is shown as fits, and of an owner its end."""
    assert screen(columns, command, url=one.url) == shown


@pytest.mark.parametrize(
    ("columns", "command", "shown"),
    [
        (80, "status", STATUS_OF_POOLS_80),
        (100, "status", STATUS_OF_POOLS_100),
        (80, "leases", LEASES_OF_POOLS_80),
        (80, "status --pool release", STATUS_OF_ONE_80),
    ],
)
def test_several_pools_are_told_apart(two: Served, columns: int, command: str, shown: str) -> None:
    """A column says which, unless one was asked for; of a lease its id and its PPA are always whole."""
    assert screen(columns, *command.split(), url=two.url) == shown


def test_a_watched_screen_fits(one: Served) -> None:
    """The same rows, as many as the terminal has lines."""
    shown = b""
    with at_terminal("status", "--watch", url=one.url, columns=80, lines=8) as (process, terminal):
        while b"\x1b[J" not in shown:
            shown += terminal.read(65536)
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE_S) == 130
    drawn = shown.decode().partition("\x1b[H")[2].partition("\x1b[J")[0].replace("\x1b[K\r\n", "\n")
    rows = STATUS_80.splitlines(keepends=True)
    assert "\n" + drawn == "".join(rows[:7]) + "2 lines more: name PPAs, or a --pool, --owner or --state, to see them\n"


def test_a_narrow_terminal_keeps_names(one: Served) -> None:
    """Where nothing else fits, PPAs are still whole."""
    lines = screen(40, "status", url=one.url).splitlines()[1:]
    assert lines[0].split()[:2] == ["PPA", "STATE"]
    assert [line.split()[0] for line in lines[1:]] == [f"~ci-pool/ubuntu/pool-00{number}" for number in range(1, 8)]


def test_in_a_pipe_nothing_is_shortened(two: Served) -> None:
    """However narrow the terminal is that is not written to."""
    done = cli("status", url=two.url, env={"COLUMNS": "20"})
    assert done.stdout.count(JENKINS) == 2
    assert done.stdout.splitlines()[0].split() == ["PPA", "POOL", "STATE", "AGE", "LEFT", "OWNER", "REMARK"]


def test_wide_rows_have_everything_whole(one: Served) -> None:
    """On a terminal too; each row says all that one may look for."""
    done = cli("status", "-o", "wide", url=one.url)
    heads = " ".join(done.stdout.splitlines()[0].split())
    assert heads == "PPA POOL STATE CONDITION AGE LEFT OWNER LEASE CLEANING SEEN LABELS REMARK"
    rows = {line.split()[0]: line for line in done.stdout.splitlines()[1:]}
    assert f"{JENKINS}  002c1f8f0e3a7d4b5f9e2c6d1a0b7c8e" in rows["~ci-pool/ubuntu/pool-002"]
    assert rows["~ci-pool/ubuntu/pool-005"].endswith(
        "quarantined: 5 cleans failed; 5 tries failed: 503 Service Unavailable"
    )
    leases = cli("leases", "-o", "wide", url=one.url).stdout.splitlines()
    assert " ".join(leases[0].split()) == "LEASE PPA POOL AGE TOUCHED LEFT OWNER BY REQUEST UPLOADER NOTE"
    assert leases[2].endswith("a crash of the installer is looked into")


@pytest.mark.parametrize("command", ["status", "leases", "pools"])
def test_documents_are_the_daemons(one: Served, command: str) -> None:
    """-o json is --json, and -o yaml the same facts."""
    path = {"status": "/v1/ppas"}.get(command, f"/v1/{command}")
    document = one.http.get(path).json()
    for arguments in (("--json",), ("-o", "json"), ("--json", "-o", "json")):
        assert json.loads(cli(command, *arguments, url=one.url).stdout) == document
    written = cli(command, "--output", "yaml", url=one.url).stdout
    assert written.isascii()
    assert yaml.safe_load(written) == document


def test_names_are_what_other_commands_take(two: Served) -> None:
    """One a line, without a head; nothing at all where there is none."""
    assert cli("status", "-o", "name", "--pool", "release", url=two.url).stdout == (
        "~ci-pool/ubuntu/noble-001\n~ci-pool/ubuntu/noble-002\n"
    )
    assert cli("leases", "-o", "name", "--owner", "ticket-4711", url=two.url).stdout == (
        "003c1f8f0e3a7d4b5f9e2c6d1a0b7c8e\n"
    )
    assert cli("pools", "-o", "name", url=two.url).stdout == "default\nrelease\n"
    assert cli("leases", "-o", "name", "--owner", "nobody", url=two.url).stdout == ""


@pytest.mark.parametrize(
    ("filters", "numbers"),
    [
        ("--state free", [1]),
        ("--state used", [2, 3, 7]),
        ("--state dirty", [4, 5]),
        ("--owner mia", [5]),
        ("--owner *jenkins*", [2]),
        ("--owner https:*", [2, 4]),
        ("--owner https:* --state dirty", [4]),
        ("--owner jenkins", []),
        ("--pool default --state free", [1]),
        ("~ci-pool/ubuntu/pool-001 ppa:ci-pool/pool-002 --state used", [2]),
    ],
)
def test_filters_leave_what_was_asked_for(one: Served, filters: str, numbers: list[int]) -> None:
    """By owner, as a whole or as a pattern, by state, by pool, and together."""
    done = cli("status", "-o", "name", *filters.split(), url=one.url)
    assert done.returncode == 0
    assert done.stdout.split() == [f"~ci-pool/ubuntu/pool-00{number}" for number in numbers]


@pytest.mark.parametrize("command", ["status", "leases", "pools"])
@pytest.mark.parametrize("form", [(), ("-o", "name"), ("--json",)])
def test_an_unknown_pool_is_a_mistake(two: Served, command: str, form: tuple[str, ...]) -> None:
    """64, and a line that names those that there are."""
    done = cli(command, "--pool", "noble", *form, url=two.url)
    assert done.returncode == 64
    assert done.stderr == "ppa-assigner: --pool: there is no pool 'noble'; the pools are default, release\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("status", "-o", "table"), ("status", "--state", "lent"), ("status", "--json", "-o", "yaml"),
        ("leases", "--json", "-o", "name"), ("status", "--watch", "-o", "json"),
    ],
)  # fmt: skip
def test_what_cannot_be_printed_is_a_mistake(arguments: tuple[str, ...]) -> None:
    """64, before anything is asked."""
    assert cli(*arguments).returncode == 64


def test_states_that_may_be_asked_for_are_those_of_a_record() -> None:
    """The client imports nothing of the daemon, and has the words for itself."""
    assert [state.value for state in StateName] == [state.value for state in State]
