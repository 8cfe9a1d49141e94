"""A bench that cannot measure something says so, and goes on; one that cannot begin says why."""

from __future__ import annotations

import resource
import subprocess
import sys

import pytest

from .__main__ import FILES_NEEDED, attempt, header
from .rows import Table, document, markdown
from .scale import TINY, Scale
from .site import Launchpad, stand_in


def test_a_table_that_fails_is_told_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    """In both forms; where, on stderr."""

    def measure(scale: Scale, launchpad: Launchpad) -> Table:
        raise RuntimeError(f"no {scale.ppas} PPAs")

    with stand_in() as launchpad:
        table = attempt("broken", measure, TINY, launchpad)
    assert "in measure" in capsys.readouterr().err
    assert markdown(table) == "### broken\n\n**Failed**: RuntimeError: no 3 PPAs\n"
    assert document(header(), [table])["tables"] == [
        {"title": "broken", "rows": [], "notes": (), "failed": "RuntimeError: no 3 PPAs"}
    ]


@pytest.mark.parametrize(("soft", "hard", "code"), [(64, FILES_NEEDED, 2), (64, FILES_NEEDED - 1, 1)])
def test_as_many_files_as_the_host_allows(soft: int, hard: int, code: int) -> None:
    """The soft limit does not matter; where the hard one is too low it is said in one line, and nothing is begun."""
    if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < hard:
        pytest.skip("the hard limit is lower here")
    program = (
        "import resource; from tests.bench.__main__ import allow_many_files\n"
        f"resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))\n"
        "allow_many_files()\n"
        f"raise SystemExit(2 if resource.getrlimit(resource.RLIMIT_NOFILE)[0] == {hard} else 3)"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert told.returncode == code
    assert len(told.stderr.splitlines()) == (code == 1)
