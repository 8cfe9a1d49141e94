"""Validates the trace of whatever daemons run meanwhile: by the replay, by the rules, and by Launchpad's history.

Rule: where this is imported into a conftest, every test of that folder is validated, and one whose trace no rule allows
fails.  A daemon that wrote no trace is not one of `tests/processes.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from ppa_assigner.trace import VARIABLE

from ..processes import Launchpad
from . import history, reading, replay, rules, supervising

MOST_SAID = 20


@pytest.fixture(autouse=True)
def every_trace_is_validated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> Iterator[None]:
    """All daemons of a test are traced; when it is over, each of their lines must be allowed."""
    folder = trace_in(tmp_path)
    folder.mkdir()
    monkeypatch.setenv(VARIABLE, str(folder))
    yield
    for check in (replay.replayed, rules.broken, supervising.broken):
        assert_none(list(check(reading.read(folder))))
    record_property("decisions replayed", sum(line.event is not None for line in reading.read(folder)))


def trace_in(tmp_path: Path) -> Path:
    """Where the daemons of a test are traced."""
    return tmp_path / "trace"


def assert_landed_as_sent(launchpad: Launchpad, tmp_path: Path, ppas: Iterable[str]) -> None:
    """What stood in these PPAs, which people left alone since they made them, is what the daemons sent."""
    done = history.doings(reading.read(trace_in(tmp_path)))
    for ppa in ppas:
        texts = [entry["description"] for entry in launchpad.control.descriptions(ppa)]
        assert_none(list(history.contradicted(done, ppa, texts)))


def assert_none(wrong: list[str]) -> None:
    """Nothing is wrong; else the first of it is said."""
    more = f"\n... and {len(wrong) - MOST_SAID} more" if len(wrong) > MOST_SAID else ""
    assert not wrong, "\n".join(wrong[:MOST_SAID]) + more
