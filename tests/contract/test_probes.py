"""The stand-in gives what the real Launchpad gave: 59 small scenarios, driven by the real launchpadlib.

The scenarios and the record of the real service lie beside the project; without them there is nothing to hold on to.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ppa_assigner.standin.control_client import ControlClient

from .probed_world import make_roles

ROOT = Path(__file__).resolve().parents[2]
PROBES = ROOT.parent / "shared" / "probes"
BACKEND = "tests.contract.probe_backend:Standin"
DEADLINE = 240.0

pytestmark = [
    pytest.mark.skipif(not PROBES.is_dir(), reason=f"the record of the real service is not at {PROBES}"),
    pytest.mark.timeout(DEADLINE + 30),
]


@pytest.fixture(scope="module")
def standin() -> Iterator[dict[str, str]]:
    """A stand-in in a process of its own, empty."""
    command = [sys.executable, "-m", "ppa_assigner.standin", "--owner", ""]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate(timeout=20)


@pytest.fixture(scope="module")
def observed(standin: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the probes saw of the stand-in."""
    place = tmp_path_factory.mktemp("probes")
    control = ControlClient(standin["control"])
    (place / "creds.json").write_text(json.dumps(make_roles(control)))
    control.close()
    command = [sys.executable, str(PROBES / "probe.py"), "--service-root", standin["service_root"]]
    command += ["--credentials", str(place / "creds.json"), "--backend", BACKEND]
    environment = os.environ | {
        "STANDIN_CONTROL": standin["control"],
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(PROBES)]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert ran.returncode == 0, ran.stderr[-4000:]
    (place / "observed.json").write_text(ran.stdout)
    return place / "observed.json"


def test_no_probe_was_skipped(observed: Path) -> None:
    """Every one of the 59 scenarios ran to its end."""
    probes = json.loads(observed.read_text())["probes"]
    assert len(probes) == len(json.loads((PROBES / "launchpad-observed.json").read_text())["probes"])
    assert not [name for name, probe in probes.items() if "skipped" in probe or "broken" in probe]


def test_what_was_observed_is_what_launchpad_gave(observed: Path) -> None:
    """Values, statuses, exceptions and every request on the wire are those of the real service, but for what is
    allowed."""
    command = [sys.executable, str(PROBES / "compare.py"), str(observed), str(PROBES / "launchpad-observed.json")]
    command += ["--allow", str(Path(__file__).with_name("allowed.txt"))]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout
    assert "allowed but not met" not in ran.stdout
