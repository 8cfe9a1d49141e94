"""The self-contained package, where the distribution's own libraries are too old: Debian 12, and Ubuntu 24.04.

Rule: the gate tries Debian 12, without lintian, which looks at each library; `make deb-check` tries both, with it.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..docs.blocks import block
from ..systemd.installed import Assigner
from .conftest import BUILD_S, packages
from .roots import Debian, made_root
from .test_packages import check_command, check_configured, check_installed, check_removed

pytestmark = pytest.mark.timeout(2 * BUILD_S)

SUITES = os.environ.get("PPA_ASSIGNER_TEST_SUITES", "bookworm").split()
LINT = os.environ.get("LINTIAN", "")


@pytest.fixture(params=SUITES)
def suite(request: pytest.FixtureRequest) -> str:
    """A distribution by its name in its archive."""
    name: str = request.param
    return name


@pytest.fixture
def root(suite: str, tmp_path: Path) -> Iterator[Path]:
    """It as it is installed, with systemd."""
    yield made_root(tmp_path / suite, suite)
    shutil.rmtree(tmp_path / suite, ignore_errors=True)


def installation(suite: str) -> str:
    """What the page says for it."""
    if suite == "bookworm":
        return block("apt install ./ppa-assigner_*~bookworm_")
    return block("apt install ./ppa-assigner_*~noble_")


def test_it_lends(suite: str, root: Path, tmp_path: Path) -> None:
    """With the paths, units and commands of the other packages, and nothing of the distribution but its Python."""
    built = packages(tmp_path / "built", suite, LINT)
    debian = Debian(root, tmp_path / "machine.log")
    try:
        debian.put(sorted(built.glob("*.deb")))
        assigner = Assigner(debian.machine)
        try:
            debian.online(installation(suite))
            lend(debian, assigner)
        finally:
            assigner.close()
    finally:
        debian.close()


def lend(debian: Debian, assigner: Assigner) -> None:
    """From its configuration to its end."""
    check_installed(debian)
    check_command(debian)
    check_configured(debian, assigner)
    (lease,) = re.findall(r'"id": ?"(\w+)"', debian.shell("ppa-assigner assign --owner me --wait 60s --json"))
    debian.shell(f"PPA_LEASE_ID={lease} ppa-assigner release")
    assigner.wait_for_free(2)
    check_removed(debian, without=" python3-ppa-assigner")
