"""The other ways to install it, on the same Debian."""

from __future__ import annotations

from pathlib import Path

import pytest

from ppa_assigner import __version__

from ..docs.blocks import block
from ..packages.built import copied
from .conftest import BUILD_S
from .roots import SEES, Debian

pytestmark = pytest.mark.timeout(2 * BUILD_S)


def test_pipx(debian: Debian, tmp_path: Path) -> None:
    """It comes with its manual, is taken again, and goes without a trace."""
    copied(tmp_path / "checkout")
    debian.machine.copy(tmp_path / "checkout", SEES)
    debian.online("apt install pipx")
    install, again, uninstall = block("pipx install").splitlines()
    for line in (install, again):
        debian.online(f"export PIP_COMPILE=0\ncd checkout\n{line}")  # what is seldom used is compiled in vain
        assert debian.shell("ppa-assigner --version").split()[-1] == __version__
    debian.shell("test -e .local/share/man/man1/ppa-assigner.1")
    assert "20 PPAs" in debian.shell("ppa-assigner init config && ppa-assigner check-config")
    debian.online(uninstall)
    assert debian.shell("find .local -name '*ppa[-_]assigner*'") == ""
