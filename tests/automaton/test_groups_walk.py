"""Random walks of groups end well; and not where a rule that workers keep is left out."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.explore.broken import ROOT, copy_of_all
from tests.explore.mutant import Edit

from .group_walk import found

EACH, SEEDS = 2, 24 if "PPA_ASSIGNER_SOAK" in os.environ else 8
PACKAGE = ROOT / "tests" / "automaton"


@pytest.mark.parametrize("first", range(0, SEEDS, EACH))
def test_what_was_told_stays_whole_and_all_ends(first: int) -> None:
    """A group is whole whenever it was told, nobody else gets its PPAs, and no claim stands for ever."""
    assert not found(range(first, first + EACH))


MUTANTS: dict[str, tuple[Edit, int, str]] = {
    "a member's claim stays while its lead is claimed for that group": (
        Edit(
            "automaton/group.py",
            "return LeadSays.CLAIMED if claim.is_of(lead, group) else LeadSays.NOTHING",
            "return LeadSays.NOTHING",
        ),
        62,
        " leads ",
    ),
    "a lead that is denied or in doubt decides nothing": (
        Edit("automaton/group.py", "return LeadSays.UNKNOWN", "return LeadSays.NOTHING"),
        6,
        " leads ",
    ),
    "an older request never writes over a member's claim": (
        Edit(
            "automaton/claim.py",
            "    if held.lead != known.ppa:\n        return ask_lead(known, record, held.lead, now, command)\n",
            "",
        ),
        0,
        " leads ",
    ),
    "what was committed is rolled forward by whoever meets it": (
        Edit("automaton/group.py", "return _roll(known, lead, shown, now)  #", "return claim.stands(known)  #"),
        28,
        " leads ",
    ),
    "a member ends once its lead's group is over": (
        Edit("automaton/group.py", "return _follow(known, event, now)", "return again(known)"),
        5,
        "not all is free",
    ),
    "what is asked of a member is the lead's to decide": (
        Edit(
            "automaton/lease.py",
            "        return tell(known, command, MemberShown(record))\n    return end(",
            "        pass\n    return end(",
        ),
        44,
        " leads ",
    ),
    "a claim of a lead that nobody renews is taken off": (
        Edit("automaton/claim.py", "return known.unchanged + CLAIM_SILENCE_S", 'return float("inf")'),
        0,
        "claimed for ever",
    ),
}


@pytest.mark.parametrize("rule", MUTANTS)
def test_a_rule_that_is_left_out_is_missed(rule: str, tmp_path: Path) -> None:
    """The walk of that seed finds what the rule keeps from happening."""
    edit, seed, finds = MUTANTS[rule]
    path = copy_of_all(tmp_path) / edit.file
    text = path.read_text()
    assert text.count(edit.old) == 1, "stale"
    path.write_text(text.replace(edit.old, edit.new))
    shutil.copytree(PACKAGE, tmp_path / "tests" / "automaton", ignore=shutil.ignore_patterns("test_*", "__pycache__"))
    command = [sys.executable, "-m", "tests.automaton.group_walk", str(seed)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=100, check=False)
    assert finds in done.stdout, done.stderr
