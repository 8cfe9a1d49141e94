"""Each rule of the protocol that is left out on purpose is missed by the exploration, which names the invariant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from .broken import found_in
from .mutant import Edit, Mutant
from .mutants import MUTANTS


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_caught(mutant: Mutant, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    """A copy of the package without this rule breaks the invariant, and the way there is told."""
    told = found_in(mutant, tmp_path)
    assert told.startswith(f"{mutant.scene.name}: {mutant.finds}"), told
    assert " moves:" in told
    record_property("mutants caught", 1)


def test_a_mutant_whose_text_is_gone_is_stale(tmp_path: Path) -> None:
    """A rule that was rewritten is to be looked at again, not to be passed by."""
    stale = replace(MUTANTS[0], edits=(Edit("record.py", "no such text stands there", ""),))
    with pytest.raises(ValueError, match="stale"):
        found_in(stale, tmp_path)
