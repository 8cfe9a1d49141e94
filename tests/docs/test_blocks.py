"""Every code block of README and docs is run by a test; here are those that need nothing else to run."""

from __future__ import annotations

import re
import subprocess
from importlib.util import find_spec
from pathlib import Path

from ppa_assigner.config import load

from .. import needs
from ..commandline import cli
from ..demo.place import virtual_environment
from ..processes import environment
from .blocks import RUN_BY, block, blocks, documented
from .pages import ROOT


def test_every_block_is_run() -> None:
    """A new one needs a test; each that is named is there and takes its block."""
    beginnings = [
        (path, [begins for begins in RUN_BY if each.startswith(begins)]) for each, path in documented().items()
    ]
    assert [each for each in beginnings if len(each[1]) != 1] == []
    assert {begins for _, (begins,) in beginnings} == set(RUN_BY)
    for begins, where in RUN_BY.items():
        file, _, name = where.partition("::")
        text = (ROOT / "tests" / file).read_text()
        assert f"\ndef {name}(" in text
        assert "block(" + repr(begins) + ")" in text.replace('"', "'").replace(begins.replace('"', "'"), begins)


def test_blocks_are_found_as_markdown_finds_them() -> None:
    """Indented, with empty lines in between; a paragraph ends one.  Or between fences, but for directives."""
    text = "a\n\n    one\n\n    two\nb\n\n    three\n"
    assert blocks(text) == ["one\n\ntwo\n", "three\n"]
    text = "a\n```shell\none\n\n    two\n```\n\n```{toctree}\n:glob:\n```\n\n```\nthree\n```\n"
    assert blocks(text) == ["one\n\n    two\n", "three\n"]


def test_the_shortest_configuration(tmp_path: Path) -> None:
    """It is one, once the credentials are there."""
    (tmp_path / "ppas.yaml").write_text(block('ppas: ["~ci-pool'))
    login = "[1]\nconsumer_key = x\nconsumer_secret = \naccess_token = y\naccess_secret = z\n\n"
    (tmp_path / "launchpad.credentials").write_text(login)
    (tmp_path / "launchpad.credentials").chmod(0o600)
    done = cli("check-config", "--config", str(tmp_path / "ppas.yaml"))
    assert done.returncode == 0, done.stderr
    assert "20" in done.stdout


def test_labels(tmp_path: Path) -> None:
    """The configuration of the guide gives the labels that it says."""
    path = tmp_path / "ppas.yaml"
    path.write_text(block("pools:\n  default:\n    labels:") + "launchpad: {credentials: c}\n")
    (tmp_path / "c").write_text("[1]\nconsumer_key = x\nconsumer_secret = \naccess_token = y\naccess_secret = z\n\n")
    pool = load(path).pools["default"]
    assert len(pool.ppas) == 24
    assert [pool.labels_of(ppa) for ppa in (pool.ppas[0], pool.ppas[-1])] == [
        {"team": "core"},
        {"team": "core", "size": "big"},
    ]


def test_the_shortest_pool_that_grows(tmp_path: Path) -> None:
    """It is understood, and it is said whose credentials it needs."""
    (tmp_path / "ppas.yaml").write_text(block("pools:\n  default:\n    grow:"))
    login = "[1]\nconsumer_key = x\nconsumer_secret = \naccess_token = y\naccess_secret = z\n\n"
    (tmp_path / "launchpad.credentials").write_text(login)
    (tmp_path / "launchpad.credentials").chmod(0o600)
    done = cli("check-config", "--config", str(tmp_path / "ppas.yaml"))
    assert done.returncode == 0, done.stderr
    assert "grows to 50 PPAs" in done.stdout
    assert "administrator of ~ci-pool" in done.stdout


def test_the_way_of_a_request() -> None:
    """Each part of it is a part of the program."""
    names = set(re.findall(r"[a-z]+", block("HTTP request -> api"))) - {"request"}
    assert names == {"api", "supervisor", "worker", "automaton", "record", "launchpad"}
    assert all(find_spec(f"ppa_assigner.{name}") for name in names)


def test_targets_of_make(tmp_path: Path) -> None:
    """Each is one, and make knows what to do for it; the manual, which is quickly made, is made."""
    needs.program("make", "make")
    flags = f"VENV={virtual_environment(tmp_path / 'venv')}"
    lines = block("make lint").splitlines()
    assert len(lines) > 5
    for line in lines:
        dry = "" if line.startswith("make man") else "n -- "
        done = subprocess.run(
            ["sh", "-c", line], capture_output=True, text=True, timeout=120, check=False, cwd=ROOT,
            env={**environment(tmp_path), "MAKEFLAGS": dry + flags},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert done.stdout or not dry
