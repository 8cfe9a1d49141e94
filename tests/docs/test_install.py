"""What the README says of installing, run as it stands but for the place and where packages come from."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from ppa_assigner import __version__
from ppa_assigner.api.page.static import TYPES

from ..processes import environment
from .blocks import block
from .pages import ROOT

SOURCES = ("ppa_assigner", "config", ".ci", "pyproject.toml", "README.md", "LICENSE")
INSTALL_S = 180.0


@pytest.mark.timeout(2 * INSTALL_S)
def test_installed_as_said(tmp_path: Path) -> None:
    """The package is whole: the command runs from the new environment, and the files of the page are there."""
    checkout, place = tmp_path / "checkout", tmp_path / "opt"
    checkout.mkdir()
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, checkout / name)
    script = block("python3 -m venv /opt").replace("/opt/", f"{place}/")
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    path = {"PATH": f"{Path(sysconfig.get_path('scripts'))}:/usr/bin:/bin", "PYTHONPATH": sysconfig.get_path("purelib")}
    done = subprocess.run(
        ["sh", "-ec", script], cwd=checkout, env={**environment(tmp_path), **offline, **path}, capture_output=True,
        text=True, timeout=INSTALL_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split()[-1] == __version__
    (installed,) = place.glob("ppa-assigner/lib/python3.*/site-packages/ppa_assigner")
    package, static = ROOT / "ppa_assigner", "api/page/static"
    kept = [*(path.relative_to(package) for path in package.rglob("*.py")), *(Path(static, name) for name in TYPES)]
    assert [path for path in kept if not (installed / path).is_file()] == []
