"""The packages on Debian 13: what is installed by itself, how the daemon comes and goes, and what is left."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ppa_assigner.cli import manual

from ..docs.blocks import block
from ..systemd.installed import CONFIG, SERVICE, SOCKET, Assigner
from .conftest import BUILD_S
from .roots import SEES, Debian

pytestmark = pytest.mark.timeout(2 * BUILD_S)

COMPLETIONS = (
    "/usr/share/bash-completion/completions/ppa-assigner",
    "/usr/share/zsh/vendor-completions/_ppa-assigner",
    "/usr/share/fish/vendor_completions.d/ppa-assigner.fish",
)
OLDER = "0.0.1"


@pytest.fixture
def assigner(debian: Debian) -> Iterator[Assigner]:
    """A stand-in for Launchpad beside what is installed."""
    assigner = Assigner(debian.machine)
    yield assigner
    assigner.close()


def older(package: Path, folder: Path) -> Path:
    """The same package with the number of an older version."""
    tree = folder / package.name.partition("_")[0]
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True, timeout=60)
    control = tree / "DEBIAN" / "control"
    (version,) = re.findall(r"^Version: (.*)$", control.read_text(), re.MULTILINE)
    control.write_text(control.read_text().replace(version, OLDER))
    made = folder / f"{tree.name}_{OLDER}_all.deb"
    subprocess.run(
        ["dpkg-deb", "--build", "--root-owner-group", tree, made], check=True, timeout=60, capture_output=True
    )
    return made


def states(debian: Debian) -> list[tuple[str, str]]:
    """Whether service and socket run, and whether a boot starts them."""
    shown = [debian.machine.show(unit) for unit in (SERVICE, SOCKET)]
    return [(one["ActiveState"], one["UnitFileState"]) for one in shown]


def test_a_client_alone(trixie: Path, built: Path, debian: Debian) -> None:
    """It brings neither the daemon nor its libraries, and says so when it is to be one."""
    debian.put(sorted(built.glob("python3-*.deb")))
    debian.online(block("apt install ./python3-ppa-assigner_"))
    assert "ppa-assigner " in debian.shell("ppa-assigner --version")
    assert "http://127.0.0.1:8020" in debian.shell("ppa-assigner status", 69)
    assert "import ppa_assigner.client" in debian.shell("echo import ppa_assigner.client | tee /dev/stderr | python3")
    assert not re.search("fastapi|uvicorn|launchpadlib", debian.shell("dpkg-query --show"))
    for command in ("run", "check-config", "doctor"):
        assert "apt install ppa-assigner" in debian.shell(f"ppa-assigner {command} --config /dev/null", 69)
    check_command(debian)
    offered = debian.shell(
        "bash -c '. /usr/share/bash-completion/completions/ppa-assigner; COMP_WORDS=(ppa-assigner rel); COMP_CWORD=1\n"
        "_ppa_assigner_completion ppa-assigner; echo ${COMPREPLY[@]}'"
    )
    assert offered.split() == ["release"]


def test_a_daemon_from_its_first_day_to_its_last(
    built: Path, debian: Debian, assigner: Assigner, tmp_path: Path
) -> None:
    """An older version is installed, configured and upgraded, goes back, and is removed and purged."""
    new = sorted(built.glob("*.deb"))
    debian.put([older(package, tmp_path) for package in new], f"{SEES}/older")
    debian.put(new, f"{SEES}/newer")
    install, way_back = block("apt install ./ppa-assigner_*.deb"), block("apt install --allow-downgrades")
    debian.online(f"cd older\n{install}")
    check_installed(debian)
    check_configured(debian, assigner)
    lease = debian.shell("ppa-assigner assign --owner me --wait 60s --json")
    for folder, command in (("newer", install), ("older", way_back)):
        check_upgraded(debian, assigner, folder, command)
        assert assigner.states().count("used") == 1, lease
    (lease_id,) = re.findall(r'"id": ?"(\w+)"', lease)
    debian.shell(f"PPA_LEASE_ID={lease_id} ppa-assigner release")
    assigner.wait_for_free(2)
    check_removed(debian)


def check_command(debian: Debian) -> None:
    """It has its manual, and each shell completes it."""
    pages = {f"{name}.gz" for name in manual.pages()}
    assert {path.name for path in debian.machine.path("/usr/share/man/man1").glob("ppa-assigner*")} == pages
    for path in COMPLETIONS:
        assert "_PPA_ASSIGNER_COMPLETE" in debian.machine.path(path).read_text()


def check_installed(debian: Debian) -> None:
    """The example is right as it stands; nothing runs, nothing failed, and a boot would change nothing."""
    assert "20 PPAs" in debian.shell("cd / && ppa-assigner check-config")
    assert states(debian) == [("inactive", "disabled")] * 2
    assert debian.shell("systemctl --failed --no-legend --plain") == ""


def check_configured(debian: Debian, assigner: Assigner) -> None:
    """With PPAs and credentials it takes what the page says."""
    names = assigner.new_pool(2)
    assigner.configure(names, credentials="launchpad")
    debian.shell(block("ppa-assigner check-config\nsystemctl"))
    assigner.wait_for_free(2)
    assert states(debian) == [("active", "enabled")] * 2


def check_upgraded(debian: Debian, assigner: Assigner, folder: str, command: str) -> None:
    """The daemon is another process; its socket was open all the time, and the list is the operator's still."""
    pid, listening = assigner.main_pid, assigner.show("ActiveEnterTimestamp", SOCKET)
    kept = debian.machine.path(CONFIG).read_text()
    debian.online(f"cd {folder}\n{command}")
    assigner.wait_for_free(1)
    assert assigner.main_pid not in (0, pid)
    assert assigner.show("ActiveEnterTimestamp", SOCKET) == listening
    assert debian.machine.path(CONFIG).read_text() == kept
    assert states(debian) == [("active", "enabled")] * 2


def check_removed(debian: Debian, without: str = "") -> None:
    """Removed it is stopped and keeps what was written for it; purged nothing is left."""
    remove, purge = (line.removesuffix(without) for line in block("apt remove ppa-assigner").splitlines())
    debian.online(remove)
    assert debian.shell("systemctl --failed --no-legend --plain") == ""
    assert not debian.machine.path(f"/sys/fs/cgroup/system.slice/{SERVICE}").exists()
    assert "launchpad" in debian.shell("ls /etc/ppa-assigner")
    debian.online(purge)
    assert debian.shell("find / -xdev -name '*ppa[-_]assigner*' -not -path '/root/*' -not -path '/tmp/*'") == ""
