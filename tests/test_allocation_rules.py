"""Each rule of the allocation that is left out lets somebody starve, or locks somebody out, in a small closed world.

Rule: only a copy of the package is ever broken.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .explore.broken import ROOT, copy_of_all
from .explore.mutant import Edit

FILE = "supervisor/allocation.py"
TAKEN = "    stock.take(chosen)\n    if wish.ready"
PROGRAM = """
import sys
from tests.test_allocation import WORLDS, Search

search = Search(WORLDS[sys.argv[1]], int(sys.argv[2]))
print("locked out" if search.locked() else "starves" if search.starves() else "is served")
"""
RULES: dict[str, tuple[Edit, str, int, str]] = {
    "the free ones that fit are kept for a wish that they are too few for": (
        Edit(FILE, TAKEN, f"    if len(chosen) < sum(wish.needs):\n        return\n{TAKEN}"),
        "two groups over both pools, and single ones come",
        0,
        "starves",
    ),
    "never more are kept for a wish than it needs": (
        Edit(FILE, TAKEN, TAKEN.replace("(chosen)", "(chosen if len(chosen) == sum(wish.needs) else (*stock.left,))")),
        "the first needs one of two that are free, and one that lasts",
        1,
        "locked out",
    ),
    "what earlier wishes want counts for their quotas": (
        Edit(FILE, "        earlier.add(wish.quotas)\n", ""),
        "a group as large as its client's quota, whose single ones come",
        0,
        "starves",
    ),
    "whom all PPAs that can be lent are too few for is skipped": (
        Edit(FILE, "elif not enough(wish):", "elif False:"),
        "the first needs a pool that is out of service",
        1,
        "locked out",
    ),
}


def said(where: Path, world: str, number: int) -> str:
    """What becomes of that wish of that world, with the package that is there."""
    command = [sys.executable, "-c", PROGRAM, world, str(number)]
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=100, check=False)
    return done.stdout.strip() or done.stderr


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_that_is_left_out_is_missed(rule: str, tmp_path: Path) -> None:
    """With the rule that wish is served at last; without it it is not."""
    edit, world, number, becomes = RULES[rule]
    path = copy_of_all(tmp_path) / edit.file
    shutil.copy(ROOT / "tests" / "test_allocation.py", tmp_path / "tests")
    assert said(tmp_path, world, number) == "is served"
    text = path.read_text()
    assert text.count(edit.old) == 1, "stale"
    path.write_text(text.replace(edit.old, edit.new))
    assert said(tmp_path, world, number) == becomes
