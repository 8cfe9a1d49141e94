"""A command of the client starts quickly: what it imports is counted, which no busy host changes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .commandline import DEADLINE_S, environment
from .fakedaemon import LEASE, PPA, FakeDaemon, Reply

ROOT = Path(__file__).parents[1]
MOST = 90
"""Modules that `status` may load beyond an interpreter that does nothing."""
HEAVY = {
    *("asyncio", "concurrent.futures", "dataclasses", "email", "fnmatch", "hashlib", "http", "importlib.metadata"),
    *("inspect", "logging", "pathlib", "platform", "random", "shutil", "ssl", "subprocess", "tempfile", "threading"),
    *("traceback", "uuid", "zipfile"),
}
"""Modules of the standard library that are slow to load, and that `status` does without."""
PROBE = """\
import sys
before = set(sys.modules)
sys.path.insert(0, {root!r})
from ppa_assigner.cli import main
code = main({line!r})
print(*sorted(set(sys.modules) - before), file=sys.stderr)
sys.exit(code)
"""
LINES = (
    "status",
    "status --json ppa:ci-pool/pool-001",
    "leases",
    "pools -o json",
    "touch 4c1f",
    "release 4c1f",
    "assign --owner x",
    "quarantine ppa:ci-pool/pool-001 --reason x",
    "token",
)


@pytest.fixture(scope="module")
def daemon() -> Iterator[FakeDaemon]:
    with FakeDaemon() as fake:
        yield fake


def loaded(daemon: FakeDaemon, line: str) -> set[str]:
    """What a command line imports, in an interpreter that has no other package than ours."""
    for path in ("/v1/ppas", "/v1/leases", "/v1/pools"):
        daemon.on("GET", path, Reply(200, {"items": []}))
    daemon.on("GET", "/v1/ppas/~ci-pool/ubuntu/pool-001", Reply(200, PPA))
    daemon.on("POST", "/v1/ppas/~ci-pool/ubuntu/pool-001/quarantine", Reply(200, PPA))
    daemon.on("POST", "/v1/leases", Reply(201, LEASE)).on("POST", "/v1/leases/4c1f/touch", Reply(200, LEASE))
    daemon.on("DELETE", "/v1/leases/4c1f", Reply(200, PPA))
    probe = PROBE.format(root=str(ROOT), line=line.split())
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", probe],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        check=False,
        env=environment(daemon.url),
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


@pytest.mark.parametrize("line", LINES)
def test_a_command_of_the_client_needs_no_other_package(daemon: FakeDaemon, line: str) -> None:
    """Neither the parser, nor the daemon's libraries, nor any other: nothing but Python and the client's modules."""
    ours = {name.split(".")[1] for name in loaded(daemon, line) if name.startswith("ppa_assigner.")}
    assert {"cli"} <= ours <= {"backoff", "cli", "client", "reference", "times", "version", "changes"}


def test_status_imports_little(daemon: FakeDaemon) -> None:
    """No module that is slow to load, and no more than so many in all."""
    modules = loaded(daemon, "status")
    assert "ppa_assigner.cli.listing" in modules
    assert sorted(modules & HEAVY) == []
    assert len(modules) <= MOST, sorted(modules)
