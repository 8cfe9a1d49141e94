"""`init` copies out what comes with the program, and overwrites nothing unasked."""

from __future__ import annotations

from pathlib import Path

from .commandline import cli
from .docs.pages import ROOT


def test_what_is_there_is_overwritten_only_by_force(tmp_path: Path) -> None:
    """One file that is there, and none is written; --force writes all."""
    config = tmp_path / "ppas.yaml"
    config.write_text("mine\n")
    done = cli("init", str(tmp_path))
    assert (done.returncode, done.stdout) == (78, "")
    assert str(config) in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["ppas.yaml"]
    done = cli("init", "--force", str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert config.read_text() == (ROOT / "config" / "ppas.yaml").read_text()
    assert set(done.stdout.splitlines()) == {str(path) for path in tmp_path.rglob("*") if path.is_file()}


def test_one_is_printed(tmp_path: Path) -> None:
    """Each by the name that --list prints; an unknown one is a wrong command line."""
    names = cli("init", "--list").stdout.splitlines()
    assert {"ppas.yaml", "monitoring/alerts.yaml", "man/ppa-assigner.1"} < set(names)
    done = cli("init", "--print", "ppa-assigner.service")
    assert done.stdout == (ROOT / "config" / "ppa-assigner.service").read_text()
    assert cli("init", "--print", "nothing").returncode == 64


def test_where_must_be_said(tmp_path: Path) -> None:
    """Neither the working directory nor two things at once are meant."""
    assert [cli("init", *more).returncode for more in ([], ["--list", str(tmp_path)])] == [64, 64]
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """In one line, with its name."""
    (tmp_path / "file").write_text("")
    done = cli("init", str(tmp_path / "file"))
    assert done.returncode == 78
    assert str(tmp_path / "file") in done.stderr
    assert len(done.stderr.splitlines()) == 1
