"""The self-contained package on Debian 12, whose own libraries are too old."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..docs.blocks import block
from ..systemd.installed import Assigner
from .conftest import BUILD_S, packages
from .roots import Debian, made_root
from .test_packages import check_configured, check_installed, check_removed

pytestmark = [pytest.mark.xdist_group("bookworm"), pytest.mark.timeout(2 * BUILD_S)]


@pytest.fixture(scope="module")
def bookworm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A Debian 12 as it is installed, with systemd."""
    place = tmp_path_factory.mktemp("roots") / "bookworm"
    yield made_root(place, "bookworm")
    shutil.rmtree(place, ignore_errors=True)


def test_it_lends_on_debian_12(bookworm: Path, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path) -> None:
    """With the paths, units and commands of the other packages, and nothing of Debian but its Python."""
    built = packages(tmp_path_factory.mktemp("deb"), "bookworm")
    debian = Debian(bookworm, tmp_path / "machine.log")
    try:
        debian.put(sorted(built.glob("*.deb")))
        assigner = Assigner(debian.machine)
        try:
            lend(debian, assigner)
        finally:
            assigner.close()
    finally:
        debian.close()


def lend(debian: Debian, assigner: Assigner) -> None:
    """From its installation to its end."""
    debian.online(block("apt install ./ppa-assigner_*_amd64"))
    check_installed(debian)
    check_configured(debian, assigner)
    (lease,) = re.findall(r'"id": ?"(\w+)"', debian.shell("ppa-assigner assign --owner me --wait 60s --json"))
    debian.shell(f"PPA_LEASE_ID={lease} ppa-assigner release")
    assigner.wait_for_free(2)
    check_removed(debian, without=" python3-ppa-assigner")
