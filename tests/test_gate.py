"""The gate leaves no test out: the parts that it runs on two Pythons together are all of them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from .docs.pages import page

TESTS = Path(__file__).parent
ROOT = TESTS.parent
PARTS = ROOT / ".ci" / "parts.py"


def part(name: str) -> list[str]:
    """The arguments of pytest for one of them, as the gate gives them."""
    done = subprocess.run([sys.executable, PARTS, name], capture_output=True, text=True, timeout=30, check=True)
    return done.stdout.split()


def below(name: str) -> set[Path]:
    """The files of tests that an argument names."""
    path = ROOT / name
    return set(path.rglob("test_*.py")) if path.is_dir() else {path}


def test_each_test_is_run_on_one_python_or_on_both() -> None:
    """What the oldest leaves out runs on the newest; each name is that of a file or folder with tests."""
    everything = set(TESTS.rglob("test_*.py"))
    newest = [below(argument) for argument in part("newest")]
    left_out = [below(argument.removeprefix("--ignore=")) for argument in part("oldest")]
    assert all(files and files <= everything for files in newest + left_out)
    assert set().union(*newest) | (everything - set().union(*left_out)) == everything
    assert set().union(*left_out) <= set().union(*newest)


def test_both_parts_are_run() -> None:
    """Each once, by the same target that anybody calls; the oldest measures coverage."""
    lines = re.findall(r"^make test .*$", page(".ci/run"), re.MULTILINE)
    assert [re.findall(r"parts\.py (\w+)", line) for line in lines] == [["oldest"], ["newest"]]
    assert ["COVERAGE=1" in line for line in lines] == [True, False]
    assert page(".ci/run").count("|| failed=1") == 3  # lint is the third
    assert "$(TESTS)" in page("Makefile").partition("\ntest:")[2].partition("\n\n")[0]
