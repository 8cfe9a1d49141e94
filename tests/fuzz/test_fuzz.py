"""Whatever is sent: no 500, and every answer is as the OpenAPI document says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.processes import Launchpad, running, start_launchpad, without_coverage

from .site import OPERATOR, clients, site, start_on_a_port

HERE = Path(__file__).parent
SEED = int(os.environ.get("PPA_ASSIGNER_FUZZ", "1"))
CASES = 10
"""Random ones of each operation and phase, beside those that are tried anyway."""


@pytest.fixture
def launchpad() -> Iterator[Launchpad]:
    """A stand-in with a few PPAs."""
    launchpad = start_launchpad("--owner", "ci-pool", "--ppas", "3")
    yield launchpad
    launchpad.stop()


def fuzz(folder: Path, url: str) -> subprocess.CompletedProcess[str]:
    """schemathesis, with all of its checks, the same cases each time."""
    program = str(Path(sys.executable).parent / "schemathesis")
    command = [
        program, "--config-file", str(HERE / "schemathesis.toml"), "run", f"{url}/openapi.json",
        "--checks", "all", "--phases", "examples,coverage,fuzzing,stateful", "--continue-on-failure",
        "--seed", str(SEED), "--max-examples", str(CASES), "--no-color", "--request-timeout", "60",
        "--generation-database", "none", "--header", f"Authorization: Bearer {OPERATOR}",
        "--report", "ndjson", "--report-ndjson-path", str(folder / "report.ndjson"),
    ]  # fmt: skip
    hooks = {"SCHEMATHESIS_HOOKS": "hooks", "PYTHONPATH": str(HERE)}
    env = {**without_coverage(os.environ), **hooks}
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=env, timeout=500, check=False)


def statuses(report: Path) -> Counter[int]:
    """How often each status was answered."""
    found: Counter[int] = Counter()
    for line in report.read_text().splitlines():
        scenario = json.loads(line).get("ScenarioFinished")
        recorded = scenario["recorder"].get("interactions", {}) if scenario else {}
        for interaction in recorded.values():
            if response := interaction.get("response"):  # none where the connection broke, which is a failure already
                found[response["status_code"]] += 1
    return found


@pytest.mark.timeout(600)
def test_whatever_is_sent_is_answered_as_documented(
    tmp_path: Path, launchpad: Launchpad, record_property: Callable[[str, object], None]
) -> None:
    """Statuses, content types, headers, schemas; what is wrong is refused, what is right is not, tokens are needed."""
    daemon = site(tmp_path, launchpad, "fuzzed", ["~ci-pool/ubuntu/pool-{001..003}"], clients=clients())
    with running(daemon):
        url = start_on_a_port(daemon, OPERATOR)
        done = fuzz(tmp_path, url)
        assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
        metrics = httpx.get(f"{url}/metrics", headers={"Authorization": f"Bearer {OPERATOR}"}, timeout=60).text
        assert daemon.terminate() == 0
    seen = statuses(tmp_path / "report.ndjson")
    assert {200, 201, 404, 409, 422} <= set(seen), seen
    assert re.search(r'^ppa_assigner_http_requests_total{.*status="401"', metrics, re.MULTILINE)  # not in the report
    assert max(seen) < 500, seen
    assert not re.search("Traceback| failed", daemon.log)
    record_property("fuzzed requests", seen.total())
