"""Some parts of the core, each small change of them tried: what `make mutants` does with all of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .areas import QUICK

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(900)  # a minute of computing on two cores, which other tests may need meanwhile
def test_each_small_change_is_noticed_or_explained() -> None:
    """A limit that is one off, a condition turned round, an argument left out: some test of that part fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV"))}
    command = [sys.executable, "-m", "tests.mutation", *QUICK]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert done.stdout.count(" 0 missed") == len(QUICK), done.stdout
