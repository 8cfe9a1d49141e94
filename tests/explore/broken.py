"""A copy of the package that is broken on purpose, and what the exploration says of it, in a process of its own.

Rule: the package that runs these tests is never touched.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from .mutant import Mutant

ROOT = Path(__file__).parents[2]
NOT_NEEDED = ("standin", "cli", "api", "launchpad", "__pycache__", "static")
ENDS_WITHIN_S = 110.0


def copy_of_all(where: Path) -> Path:
    """What an exploration needs, below `where`; the package's place there."""
    tests = where / "tests"
    tests.mkdir(parents=True)
    for name in ("__init__.py", "memory.py", "settings.py"):
        shutil.copy(ROOT / "tests" / name, tests)
    shutil.copytree(ROOT / "tests" / "explore", tests / "explore", ignore=shutil.ignore_patterns("__pycache__"))
    package = where / "ppa_assigner"
    shutil.copytree(ROOT / "ppa_assigner", package, ignore=shutil.ignore_patterns(*NOT_NEEDED))
    return package


def found_in(mutant: Mutant, where: Path, *how: str) -> str:
    """What is found wrong in this mutant, which is made below `where`; "" if nothing is.  `how`: the arguments of
    the exploration; by default it is that of the mutant's own scene.
    """
    mutant.make(copy_of_all(where))
    command = [sys.executable, "-m", "tests.explore", *(how or ("mutant", mutant.name))]
    done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=ENDS_WITHIN_S, check=False)
    if done.returncode not in (0, 1) or "Traceback" in done.stderr:
        raise AssertionError(done.stderr)
    return done.stdout.partition("\n")[2]
