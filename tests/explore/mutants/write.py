"""Ways to break how a record is written: what an outcome means, how a write is settled, and people's words.

Rule: as in the package; what is found is named by its invariant.
"""

from __future__ import annotations

from ppa_assigner.options import PoolOptions

from ..mutant import Edit, Mutant
from ..scene import Scene
from .bounds import RACE, only

MUTANTS = (
    Mutant(
        "a read of the overwritten text settles",
        "a read that still shows the text we wrote over never settles an unknown outcome",
        "docs/explanation/protocol.md#settling",
        (
            Edit(
                "automaton/write.py",
                "    if _still_stands(pending.base, answer) and not (record is None and known.vanished):\n"
                "        return *_settle(known, answer), None\n",
                "",
            ),
        ),
        Scene(
            "late assign",
            ppas=2,
            daemons=1,
            attempts=2,
            faults=1,
            unheard=1,
            only=frozenset({"ask", "go", "look", "hear", "unheard", "late", "land"}),
        ),
        "I3",
    ),
    Mutant(
        "an unknown free is not settled",
        "after an unknown outcome of free a conditional touch comes before the next look",
        "docs/explanation/protocol.md#settling",
        (
            Edit(
                "automaton/write.py",
                "    if _still_stands(pending.base, answer) and not",
                "    if pending.reason is not WriteReason.FREE and _still_stands(pending.base, answer) and not",
            ),
        ),
        Scene(
            "late free",
            daemons=1,
            faults=1,
            strays=1,
            start="dirty",
            attempts=0,
            options=PoolOptions(settle=30.0, verify_age=0.0),  # shorter than the cleaner's touches are apart
            grain=30.0,
            only=frozenset({"go", "look", "time", "late", "land", "stray"}),
        ),
        "I2",
    ),
    Mutant(
        "the nonce is not looked at",
        "a read that shows one of our nonces settles it",
        "docs/explanation/protocol.md#settling",
        (
            Edit(
                "automaton/write.py",
                "candidate.nonce == record.nonce",
                "pending.record.serial == record.serial",
            ),
        ),
        RACE,
        "I1",
    ),
    Mutant(
        "412 is taken for success",
        "success is 209 and nothing else",
        "docs/explanation/protocol.md#outcomes-of-a-write",
        (
            Edit(
                "automaton/write.py",
                "        case Conflict():\n"
                "            return *read_to_settle(replace(known, pending=replace(pending, unsettled=True, "
                "under_way=now.boot))), None\n",
                "        case Conflict():\n"
                "            text = compose(known.text.human, pending.record)\n"
                "            return _on_applied(known, replace(pending.base, description=text), True, now)\n",
            ),
        ),
        RACE,
        "I1",
    ),
    Mutant(
        "no answer is taken for success",
        "unknown is kept apart",
        "docs/explanation/protocol.md#outcomes-of-a-write",
        (
            Edit(
                "automaton/write.py",
                "        case Unknown():\n            return *_on_unknown(known, now), None\n",
                "        case Unknown():\n"
                "            text = compose(known.text.human, pending.record)\n"
                "            return _on_applied(known, replace(pending.base, description=text), True, now)\n",
            ),
        ),
        Scene("an assign is lost on its way", daemons=1, attempts=1, faults=1, only=only("void", less=("time",))),
        "I1",
    ),
    Mutant(
        "people's words are dropped",
        "human text stays byte for byte",
        "docs/explanation/protocol.md#i6",
        (Edit("automaton/write.py", "text = compose(known.text.human, record)", "text = compose(None, record)"),),
        RACE,
        "I6",
    ),
)
