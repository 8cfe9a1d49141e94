"""The script that uploads: files of any name, and a test that is run as it is written."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from .packages import package
from .site import RECIPES, Site

pytestmark = pytest.mark.xdist_group("recipes")

SCRIPT = shlex.quote(str(RECIPES / "upload.sh"))


def test_it_asks_for_a_ppa_that_never_had_the_version(site: Site, tmp_path: Path) -> None:
    """Launchpad would refuse it: the second upload of a version goes to another PPA.  Bad usage takes none."""
    workspace = site.workspace(tmp_path, "7.7")
    script = f"{SCRIPT} twice hello_7.7_source.changes -- true"
    assert [site.sh(script, workspace).returncode for _ in range(2)] == [0, 0]
    assert sorted(site.arrived("7.7")) == sorted(site.had("twice"))
    assert len(site.had("twice")) == 2
    for line in ("me", "me -- true", "me missing.changes"):
        assert site.sh(f"{SCRIPT} {line}", workspace).returncode == 64
    assert site.had("me") == []


ODD = ["-f.changes", "$(id>owned).changes", "a*[b].changes", 'it\'s"quoted".changes']  # dput can upload no others


def test_names_of_files_may_be_anything(site: Site, tmp_path: Path) -> None:
    """Several at once, below a folder with a blank, told by absolute paths and by relative ones; the test is run with
    its own arguments as they are.
    """
    folder = tmp_path / "a  b"
    folder.mkdir()
    files = [package(folder, f"hello-{number}", f"9.{number}", name) for number, name in enumerate(ODD)]
    for number, names in enumerate((map(str, files), ODD)):
        words = " ".join(map(shlex.quote, names))
        script = f"{SCRIPT} odd/{number} {words} -- sh -c 'printf \"<%s>\" \"$0\" \"$@\"' 'a  b' -- '*' ''"
        done = site.sh(script, folder)
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("<a  b><--><*><>")
        assert [site.arrived(f"9.{each}")[-1] for each in range(len(ODD))] == site.had(f"odd/{number}") * len(ODD)
    assert not list(tmp_path.rglob("owned"))


def test_without_a_test_the_ppa_is_kept_until_enter(site: Site, tmp_path: Path) -> None:
    """And told."""
    workspace = site.workspace(tmp_path, "9.9")
    with site.step(["sh", "-c", f"{SCRIPT} kept hello_9.9_source.changes"], workspace, "\n") as step:
        assert step.wait(60) == 0
    (ppa,) = site.had("kept")
    assert f"{ppa.replace('~', 'ppa:')} is yours: http" in (workspace / "said").read_text()
    assert site.given_back("kept")
