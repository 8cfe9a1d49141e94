"""`ppa-assigner demo`, as a newcomer plays with it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from .processes import environment
from .waiting import until

URL = "http://127.0.0.1:8020"
READY_S = 45.0


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Path]:
    """A demo that is ready; the file has what it printed.  It reads nothing from its input."""
    printed = tmp_path / "printed"
    with printed.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "ppa_assigner.cli", "demo"],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=environment(tmp_path),
        )
    try:
        until(ready, "the demo", READY_S)
        yield printed
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def ready() -> bool:
    """Whether the demo lends."""
    try:
        return httpx.get(f"{URL}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def command(folder: Path, *arguments: str) -> str:
    """What a command of the command line prints."""
    done = subprocess.run(
        [sys.executable, "-m", "ppa_assigner.cli", *arguments],
        capture_output=True,
        text=True,
        env={**environment(folder), "PYTHONPATH": os.environ.get("PYTHONPATH", "")},
        timeout=60,
        check=True,
    )
    return done.stdout


def test_the_demo_lends_cleans_and_lends_again(demo: Path, tmp_path: Path) -> None:
    """It says where it listens and what to try; what it suggests works; it ends with 0 on a signal."""
    until(lambda: "curl" in demo.read_text(), "the text")
    text = demo.read_text()
    assert URL in text
    assert command(tmp_path, "assign", "--owner", "me", "--wait", "30s").startswith("~ci-pool/ubuntu/pool-")
    upload = re.search(r"curl -s (http://[^ ]+/upload) -d '(\{.*\})'", text)
    assert upload is not None
    assert httpx.post(upload[1], content=upload[2]).status_code == 200
    (lease,) = httpx.get(f"{URL}/v1/leases").json()["items"]
    command(tmp_path, "release", lease["id"])
    until(lambda: "dirty" not in command(tmp_path, "status"), "the clean", 30)
    assert "ppa:ci-pool/ubuntu/pool-" in command(tmp_path, "exec", "--owner", "me", "--", "sh", "-c", "echo $PPA")
