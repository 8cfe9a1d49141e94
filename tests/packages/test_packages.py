"""Wheel and sdist are whole, say what they are, and are the same whenever they are built."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from ppa_assigner import __version__
from ppa_assigner.cli import manual
from ppa_assigner.cli.shipped import shipped_files
from ppa_assigner.standin.standin import credentials_text

from ..commandline import killed_at_last
from ..docs.blocks import block
from ..docs.pages import ROOT
from ..processes import running_launchpad
from ..waiting import until
from .built import BUILD_S, SECRET, Built, build, copied, installed, libraries, plain, python

pytestmark = [pytest.mark.xdist_group("packages"), pytest.mark.timeout(3 * BUILD_S)]

TRY_S = 90.0


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("tree") / "checkout")


@pytest.fixture(scope="module")
def built(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Built:
    """An sdist, and the wheel that was built of it."""
    folder = tmp_path_factory.mktemp("dist")
    build(checkout, folder)
    (wheel,), (sdist,) = folder.glob("*.whl"), folder.glob("*.tar.gz")
    return Built(wheel, sdist)


def content(sdist: Path) -> dict[str, bytes]:
    """By name, without the folder that all is in."""
    with tarfile.open(sdist) as archive:
        files = [one for one in archive if one.isfile()]
        read = {one.name.partition("/")[2]: archive.extractfile(one) for one in files}
        return {name: file.read() for name, file in read.items() if file is not None}


def tree(top: Path) -> set[str]:
    """The names of all files below it."""
    return {path.relative_to(top).as_posix() for path in top.rglob("*") if path.is_file()}


def test_the_wheel_has_what_an_operator_installs(built: Built) -> None:
    """Code and page, what `init` copies out, the manual where pipx and `man` look for it; and nothing else."""
    with zipfile.ZipFile(built.wheel) as wheel:
        held = {name: wheel.read(name) for name in wheel.namelist()}
    code = {f"ppa_assigner/{name}" for name in tree(ROOT / "ppa_assigner") if "__pycache__" not in name}
    shipped = {f"ppa_assigner/shipped/{file.name}": file.content for file in shipped_files()}
    data = f"ppa_assigner-{__version__}.data/data/share/man/man1"
    pages = {f"{data}/{name}": text.encode() for name, text in manual.pages().items()}
    about = {name for name in held if name.startswith(f"ppa_assigner-{__version__}.dist-info/")}
    assert held.keys() == code | shipped.keys() | pages.keys() | about
    assert {name: held[name] for name in (*shipped, *pages)} == shipped | pages


def test_the_sdist_has_all_that_it_takes_to_build_and_test(built: Built, checkout: Path) -> None:
    """Every file of the checkout, but for what must not leave it."""
    missing = {name for name in tree(checkout) - content(built.sdist).keys() if "__pycache__" not in name}
    assert missing == {"config/launchpad.credentials"}
    assert {"Makefile", ".ci/constraints.txt", "tests/conftest.py", "docs/conf.py"} < content(built.sdist).keys()


def test_credentials_beside_the_example_are_in_neither(built: Built) -> None:
    """`config/` is where an operator who tries a checkout has them."""
    with zipfile.ZipFile(built.wheel) as wheel:
        held = [*(wheel.read(name) for name in wheel.namelist()), *content(built.sdist).values()]
    assert not any(SECRET.encode() in each for each in held)


def test_built_again_elsewhere_they_are_the_same_bytes(built: Built, tmp_path: Path) -> None:
    """At another time, of files with other times, the wheel without the way over an sdist."""
    again = copied(tmp_path / "elsewhere")
    for path in again.rglob("*.py"):
        os.utime(path, (1, 1))
    build(again, tmp_path / "dist", "--sdist", "--wheel")
    for one in (built.wheel, built.sdist):
        assert one.read_bytes() == (tmp_path / "dist" / one.name).read_bytes(), one.name


def test_what_they_say_of_themselves(built: Built) -> None:
    """As a registry wants it, and true: the licence by its SPDX name, somebody who made it, no address that is not."""
    python("-m", "twine", "check", "--strict", str(built.wheel), str(built.sdist))
    with zipfile.ZipFile(built.wheel) as wheel:
        said = Parser().parsestr(wheel.read(f"ppa_assigner-{__version__}.dist-info/METADATA").decode())
    told = {name: said[name] for name in ("Name", "Version", "License-Expression", "License-File", "Author")}
    assert told == {
        "Name": "ppa-assigner", "Version": __version__, "License-Expression": "GPL-3.0-only",
        "License-File": "LICENSE", "Author": "The ppa-assigner developers",
    }  # fmt: skip
    assert said["Description-Content-Type"] == "text/markdown"
    assert not any("example" in url for url in said.get_all("Project-URL", []))
    assert any(line.startswith("Typing ::") for line in said.get_all("Classifier", []))


def test_the_version_is_that_of_the_tag(checkout: Path, tmp_path: Path) -> None:
    """In a clone with tags, and in an archive that git made of one; without tags and without git, the next one."""
    clone = shutil.copytree(checkout, tmp_path / "clone")
    (clone / "PKG-INFO").unlink(missing_ok=True)  # where these tests are run from an sdist
    assert version(clone) == "0.1.0.dev0"
    git(clone, "init", "--quiet")
    commit(clone)
    assert version(clone) == "0.1.0.dev1"
    git(clone, "tag", "v0.2.0")
    assert version(clone) == "0.2.0"
    archive = tmp_path / "archive.tar"
    git(clone, "archive", "--prefix=of-git/", f"--output={archive}", "HEAD")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path, filter="data")
    assert version(tmp_path / "of-git") == "0.2.0"
    (clone / "README.md").write_text("more\n")
    commit(clone)
    assert version(clone) == "0.2.1.dev1"


def version(checkout: Path) -> str:
    """Which version would be built there."""
    return python("-W", "ignore", "-m", "hatchling", "version", cwd=checkout).split()[-1]


def commit(clone: Path) -> None:
    git(clone, "add", "--all")
    git(clone, "-c", "user.name=n", "-c", "user.email=e@example.com", "commit", "--quiet", "--message=all")


def git(clone: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=clone, env=plain(), timeout=60, check=True, capture_output=True)


def test_from_the_wheel_to_a_daemon_that_lends(built: Built, tmp_path: Path) -> None:
    """As docs/how-to/install.md says: the example is written, is right as it stands, and serves once it names
    credentials; a lease is had with the same command.
    """
    command, place = installed(built.wheel, tmp_path / "environment"), tmp_path / "work"
    place.mkdir()
    first, second, third = block("ppa-assigner init").splitlines()
    address = f"unix:{place}/api.sock"
    search = {"PATH": f"{command.parent}:/usr/bin:/bin", "PPA_ASSIGNER_URL": address, **libraries()}

    def shell(line: str) -> str:
        done = subprocess.run(
            ["sh", "-euc", line], cwd=place, env=plain(search), capture_output=True, text=True, timeout=TRY_S,
            check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert shell("ppa-assigner --version").split()[-1] == __version__
    written = shell(first).splitlines()
    assert {str(path.relative_to(place)) for path in (place / "config").rglob("*") if path.is_file()} == set(written)
    assert os.access(place / "config/recipes/upload.sh", os.X_OK)
    assert "20 PPAs" in shell(second)
    example = place / "config" / "ppas.yaml"
    example.write_text(example.read_text().replace("#settle: 5m", "settle: 100ms"))
    with running_launchpad("--owner", "ci-pool", "--ppas", "20") as launchpad:
        credentials = place / "config" / "launchpad.credentials"
        credentials.write_text(credentials_text(launchpad.credentials["ppa-bot"]))
        credentials.chmod(0o600)
        variables = {
            "PPA_ASSIGNER_SERVICE": launchpad.service_root, "PPA_ASSIGNER_LISTEN": address,
            "PPA_ASSIGNER_CREDENTIALS": str(credentials), "CACHE_DIRECTORY": str(tmp_path),
        }  # fmt: skip
        with (place / "log").open("w") as log:
            daemon = subprocess.Popen(
                ["sh", "-euc", f"exec {third}"],
                cwd=place,
                env=plain(search | variables),
                stderr=log,
                stdout=log,
                text=True,
            )
        with killed_at_last(daemon):
            until(lambda: (place / "api.sock").exists() or daemon.poll() is not None, "the daemon", TRY_S)
            assert daemon.poll() is None, (place / "log").read_text()
            assert "~ci-pool/ubuntu/pool-" in shell("ppa-assigner assign --owner me --wait 60s")
