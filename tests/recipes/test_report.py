"""The report for cron, and the Python client as programs load it."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from ..fakedaemon import PPA
from .site import PATIENCE_S, RECIPES, ROOT, Site

pytestmark = pytest.mark.xdist_group("recipes")


def report(document: object) -> tuple[int, str]:
    """What it prints for this answer of `status --json`."""
    done = subprocess.run(
        [sys.executable, str(RECIPES / "report.py")],
        input=json.dumps(document), capture_output=True, text=True, timeout=PATIENCE_S, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_the_report_says_who_has_what_and_what_is_wrong(site: Site, tmp_path: Path) -> None:
    """Read from the real command; quiet when nobody has anything and all is well."""
    lease = site.daemon.assign(owner="ticket-9", note="for the release", wait=60).json()
    done = site.sh(f"ppa-assigner status --json | {RECIPES}/report.py", tmp_path)
    assert done.returncode == 0, done.stderr
    told = f"  {lease['ppa']}: ticket-9, since {lease['since']}, ends {lease['until']} (for the release)\n"
    assert f"\nIn use:\n{told}" in done.stdout
    assert site.daemon.http.delete(f"/v1/leases/{lease['id']}").status_code == 200
    free = {**PPA, "state": "free", "condition": "ok", "tries": 0}
    assert report({"items": [free]}) == (0, "")
    wrong = {**free, "state": "dirty", "condition": "quarantined", "quarantined": "5 tries failed", "tries": 5}
    code, text = report({"items": [free, {**wrong, "fault": "503"}]})
    assert code == 0
    assert text.startswith("2 PPAs: 1 dirty, 1 free\n")
    assert f"To be looked at:\n  {PPA['ppa']}: quarantined, 5 tries failed, 5 cleans failed, 503" in text
    assert report([])[0] == 1


def test_the_client_is_light_and_typed() -> None:
    """It loads nothing of the daemon nor of the command line, and says to type checkers that it has types."""
    probe = "import sys; from ppa_assigner import Client; Client('http://127.0.0.1:1'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, timeout=PATIENCE_S, check=True)
    loaded = set(done.stdout.split())
    assert "ppa_assigner.client.client" in loaded
    heavy = {"fastapi", "uvicorn", "pydantic", "launchpadlib", "yaml", "typer", "rich", "prometheus_client", "debian"}
    assert not loaded & heavy
    assert (files("ppa_assigner") / "py.typed").is_file()
    assert 'packages = ["ppa_assigner"]' in (ROOT / "pyproject.toml").read_text(), "with all that lies in it"
