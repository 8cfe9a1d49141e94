"""What is made once for all of these tests: the packages, and a Debian 13 to install them in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from .. import needs
from ..docs.pages import ROOT
from .once import made_once
from .roots import Debian, made_root

BUILD_S = 900.0


def packages(folder: Path, suite: str, lint: str = "*.deb") -> Path:
    """A folder with the packages of this checkout for a Debian, as `make deb` makes them; `lint`: for lintian."""
    needs.program("mmdebstrap", "mmdebstrap")
    done = subprocess.run(
        [ROOT / ".ci" / "deb", folder, suite], env=os.environ | {"PYTHON": sys.executable, "LINTIAN": lint},
        capture_output=True, text=True, timeout=BUILD_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The packages for Debian 13."""
    with made_once(tmp_path_factory, "deb", lambda place: packages(place, "trixie")) as place:
        yield place


@pytest.fixture(scope="session")
def trixie(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Debian 13 as it is installed, with systemd."""
    with made_once(tmp_path_factory, "trixie", lambda place: made_root(place, "trixie")) as place:
        yield place


@pytest.fixture
def debian(trixie: Path, tmp_path: Path) -> Iterator[Debian]:
    """A Debian 13 that runs, and in which nothing is installed yet."""
    debian = Debian(trixie, tmp_path / "machine.log")
    yield debian
    debian.close()
