"""The script that uploads: what it reads of real files, and what it takes no words from."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from .packages import package, signed
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
    for line, code in {"me": 64, "me -- true": 64, "me missing.changes": 66}.items():
        assert site.sh(f"{SCRIPT} {line}", workspace).returncode == code
    assert site.had("me") == []


REAL = {
    "plain": "",
    "signed by an old gpg": "Version: GnuPG v1\n",
    "with a comment": "Version: GnuPG v2.0.22 (GNU/Linux)\nComment: Source: other\n",
}


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
@pytest.mark.parametrize("header", REAL.values(), ids=REAL)
def test_it_reads_signed_files_of_every_age(
    site: Site, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, header: str, ends: bytes
) -> None:
    """Only what is signed is the file's: old gpg writes a `Version:` of its own; ends of lines are of either kind."""
    version = f"8.0-{list(REAL.values()).index(header)}{len(ends)}"
    changes = package(tmp_path, version=version)
    signed(changes, tmp_path_factory.mktemp("gpg"), header)
    changes.write_bytes(changes.read_bytes().replace(b"\n", ends))
    owner = f"reads/{version}"
    done = site.sh(f"{SCRIPT} {owner} {changes.name} -- true", tmp_path)
    assert done.returncode == 0, done.stderr
    assert site.arrived(version) == site.had(owner)


ODD = ["a b.changes", "-f.changes", "$(touch owned).changes", "a*[b]?.changes", 'it\'s "quoted".changes', "é\n.changes"]


def test_names_of_files_may_be_anything(site: Site, tmp_path: Path) -> None:
    """Several at once, below a folder with a blank, told by absolute paths and by relative ones; the test is run with
    its own arguments as they are.
    """
    folder = tmp_path / "a  b"
    folder.mkdir()
    files = [package(folder, "hello", f"9.{number}", name) for number, name in enumerate(ODD)]
    for number, names in enumerate((map(str, files), ODD)):
        words = " ".join(map(shlex.quote, names))
        script = f"{SCRIPT} odd/{number} {words} -- sh -c 'printf \"<%s>\" \"$0\" \"$@\"' 'a  b' -- '*' ''"
        done = site.sh(script, folder)
        assert done.returncode == 0, done.stderr
        assert done.stdout.endswith("<a  b><--><*><>")
        assert [site.arrived(f"9.{each}")[-1] for each in range(len(ODD))] == site.had(f"odd/{number}") * len(ODD)
    assert not list(tmp_path.rglob("owned"))


@pytest.mark.parametrize(
    ("source", "version"),
    [
        ("x -- touch owned", "1"), ("hello", "1 --pool other"), ("", "1"), ("hello", ""), ("hello", "*"),
        ("hello\nSource: other", "1"), ("hello", "1\n\nVersion: 2"),
    ],
)  # fmt: skip
def test_it_takes_no_words_from_what_it_uploads(site: Site, tmp_path: Path, source: str, version: str) -> None:
    """What is built may be a stranger's: its names are arguments, never options or commands."""
    (tmp_path / "a.changes").write_text(f"Source: {source}\nVersion: {version}\n")
    script = f"{SCRIPT} me a.changes -- touch reached"
    assert site.sh(script, tmp_path).returncode == 65
    assert [path.name for path in tmp_path.iterdir()] == ["a.changes"]
