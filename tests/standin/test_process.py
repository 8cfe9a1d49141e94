"""The stand-in as a process: its ready line, launchpadlib against it, a thousand clients that hang, and its end."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from launchpadlib.credentials import Credentials
from launchpadlib.launchpad import Launchpad

from ppa_assigner.standin.control_client import ControlClient
from ppa_assigner.standin.standin import credentials_text

from .client import Client, archive, sent

ROOT = Path(__file__).resolve().parents[2]
PATH = archive("~ci-pool/ubuntu/pool-001")
CROWD = 1000
SPARE = 200  # descriptors that the test itself needs


class Running(NamedTuple):
    """A stand-in in a process of its own, and what its ready line says."""

    process: subprocess.Popen[str]
    ready: dict[str, Any]


@pytest.fixture(scope="module")
def process() -> Iterator[Running]:
    """A stand-in with PPAs, and what its ready line says."""
    command = [sys.executable, "-m", "ppa_assigner.standin", "--ppas", "2"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert process.stdout is not None
    yield Running(process, json.loads(process.stdout.readline()))
    process.kill()
    process.communicate(timeout=20)


def test_launchpadlib_works_with_the_ready_line(process: Running, tmp_path: Path) -> None:
    """The credentials of the ready line make a file that launchpadlib loads; it then reads, saves and lists."""
    _, ready = process
    file = tmp_path / "credentials"
    file.write_text(credentials_text(ready["credentials"]["ppa-bot"]))
    credentials = Credentials.load_from_path(str(file))
    root = ready["service_root"]
    launchpad = Launchpad(credentials, None, None, service_root=root, version="devel", cache=str(tmp_path), timeout=20)
    entry = launchpad.load(f"{root}devel/{PATH}")
    entry.description = "by launchpadlib"
    entry.lp_save()
    assert [p.description for p in launchpad.people["ci-pool"].ppas] == ["by launchpadlib", None]
    assert launchpad.me.name == "ppa-bot"
    launchpad._browser._connection.close()


def test_a_thousand_clients_that_hang_disturb_nobody(process: Running) -> None:
    """With a thousand requests hanging for ever, others are answered as usual."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = CROWD + SPARE
    if hard != resource.RLIM_INFINITY and hard < 3 * wanted:
        pytest.skip(f"only {hard} descriptors for a process here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))
    _, ready = process
    control = ControlClient(ready["control"])
    client = Client(ready["service_root"], ready["credentials"]["ppa-bot"], patience=5)
    rule = control.fault("hang", path="pool-002")
    with ExitStack() as stack:
        for _ in range(CROWD):
            stack.enter_context(sent(ready["service_root"], ready["credentials"]["ppa-bot"]))
        assert len(control.held(least=CROWD, timeout=30)) == CROWD
        assert client.patch(PATH, {"description": "alive"}).status == 209
    control.unfault(rule)
    control.release()
    client.close()
    control.close()


def test_it_ends_with_a_signal(process: Running) -> None:
    """SIGTERM ends it at once with 0, whatever hangs."""
    running, ready = process
    control = ControlClient(ready["control"])
    control.fault("hang")
    with sent(ready["service_root"], ready["credentials"]["ppa-bot"]):
        control.held(least=1, timeout=10)
        running.send_signal(signal.SIGTERM)
        assert running.wait(timeout=15) == 0
    control.close()
