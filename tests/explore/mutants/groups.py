"""Ways to break how several PPAs are lent at once: claims, the commit, its members, and what is told of them.

Rule: as in the package; what is found is named by its invariant.
"""

from __future__ import annotations

from dataclasses import replace

from ppa_assigner.options import PoolOptions

from ..mutant import Edit, Mutant
from ..scene import Scene

GROUPS = "docs/explanation/protocol.md#groups"
PLAIN = PoolOptions(settle=120.0, verify_age=None)
AT_ONCE = PoolOptions(settle=0.0, verify_age=None)
PAIR = Scene("", ppas=2, counts=(2,), options=PLAIN, every=60.0, attempts=1)
MOVES = frozenset({"ask", "go", "look", "time", "hear"})
RIVALS = Scene("", ppas=2, waits=(600.0, 600.0), options=PLAIN, attempts=1, only=MOVES | {"stall"})

MUTANTS = (
    Mutant(
        "members are claimed before the lead is",
        "the lead is claimed and that confirmed, and only then the members are",
        GROUPS,
        (
            Edit(
                "supervisor/tries.py",
                "[breaking[0], own[0], own[1] + breaking[1], own[2]]",
                "[breaking[0], own[0] + own[1] + breaking[1] + own[2]]",
            ),
        ),
        replace(
            PAIR,
            name="a daemon meets a claim whose lead stalls",
            stalls=1,
            first=(("ask", 0, 0),),
            only=MOVES | {"stall"},
        ),
        "whole",
    ),
    Mutant(
        "a commit without an answer has failed",
        "a commit without an answer is settled first, at the lead, and then the members are dealt with",
        GROUPS,
        (
            Edit(
                "supervisor/tries.py",
                "    if one is None or _in_doubt(outcome):\n        return\n    if isinstance(outcome, Committed):",
                "    if one is None:\n        return\n    if isinstance(outcome, Committed):",
            ),
        ),
        replace(
            PAIR,
            name="the commit is late",
            faults=2,
            first=(("ask", 0, 0), ("go", 0, 1), ("go", 0, 0)),
            only=MOVES | {"late", "land", "void"},
        ),
        "whole",
    ),
    Mutant(
        "told before all members are used",
        "a group is told only when all its members are used",
        GROUPS,
        (
            Edit(
                "supervisor/tries.py",
                "        _roll(core, one)\n    else:\n        _lost(",
                "        _over(core, one, Tried(one.request, one.lead, outcome.record, fresh=True))\n"
                "    else:\n        _lost(",
            ),
        ),
        replace(PAIR, name="a group is told", only=MOVES),
        "whole",
    ),
    Mutant(
        "a claim of a member is off once its lead is claimed for that group",
        "while the lead is claimed by that group the claim of a member stays",
        GROUPS,
        (
            Edit(
                "automaton/group.py",
                "return LeadSays.CLAIMED if claim.is_of(lead, group) else LeadSays.NOTHING",
                "return LeadSays.NOTHING",
            ),
        ),
        replace(
            PAIR,
            name="a daemon meets a claim before the commit",
            stalls=1,
            first=(("ask", 0, 0), ("go", 0, 1)),
            only=MOVES | {"stall"},
        ),
        "whole",
    ),
    Mutant(
        "a lead that could not be read has nothing of it",
        "only a record that was read, or a lead that is gone for good, says that there is nothing of a group",
        GROUPS,
        (Edit("automaton/group.py", "return LeadSays.UNKNOWN", "return LeadSays.NOTHING"),),
        replace(
            PAIR,
            name="the read of a lead fails",
            faults=1,
            stalls=1,
            first=(("ask", 0, 0), ("go", 0, 1), ("go", 0, 0)),
            only=MOVES | {"void", "stall"},
        ),
        "whole",
    ),
    Mutant(
        "an older request writes over a member's claim",
        "an older request breaks the younger group's lead claim, never its members' before that",
        GROUPS,
        (
            Edit(
                "automaton/claim.py",
                "    if held.lead != known.ppa:\n        return ask_lead(known, record, held.lead, now, command)\n",
                "",
            ),
            Edit(
                "supervisor/groups.py",
                "{binding[lead]} - {lead} if lead in binding else set()",
                "set()",
            ),
        ),
        replace(
            RIVALS,
            name="an older request wants what is claimed as a member",
            counts=(0, 2),
            named=(0, None),
            first=(("ask", 0, 0), ("ask", 1, 1), ("go", 1, 1), ("go", 1, 0), ("go", 0, 0), ("go", 0, 0)),
        ),
        "whole",
    ),
)
