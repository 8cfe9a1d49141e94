"""Ways to break how a pool grows, and how PPAs that are used up are discarded and deleted.

Rule: as in the package; what is found is named by its invariant.
"""

from __future__ import annotations

from dataclasses import replace

from ppa_assigner.options import Grow, PoolOptions

from ..mutant import Edit, Mutant
from ..scene import Scene
from ..stage import ref

DELETING = "docs/explanation/protocol.md#deleting-a-ppa"
NAMES = "docs/explanation/launchpad.md#deleted-ppas"
DELETED = PoolOptions(settle=120.0, verify_age=None, delete_discarded=30.0)
GROWN = PoolOptions(settle=120.0, verify_age=None, grow=Grow((ref(0), ref(1), ref(2)), 1, 2))
MOVES = frozenset({"ask", "go", "look", "time", "hear"})
DELETES = MOVES | {"publish", "make"}
GONE = Scene("", start="discarded", attempts=0, makes=1, options=DELETED, every=60.0, only=DELETES)
ONE_DAEMON = replace(GONE, daemons=1, start="dirty", made=True, makes=0, ppas=1)
GROWS = Scene("", ppas=1, attempts=1, daemons=1, options=GROWN, every=60.0, only=MOVES)
ASKED_AGAIN = Scene(
    "",
    ppas=2,
    attempts=2,
    crashes=1,
    unheard=1,
    misses=2,
    options=replace(GROWN, grow=Grow((ref(0), ref(1), ref(2)), 0, 2)),
    ttl=10_000.0,
    only=MOVES - {"time"} | {"missed"},
)

MUTANTS = (
    Mutant(
        "deleted as soon as that is wanted",
        "the deleter is written only over a record that was seen unchanged for the pool's settle",
        DELETING,
        (Edit("automaton/discard.py", "known.unchanged + known.options.settle, now.boot", "now.boot"),),
        replace(GONE, name="a deletion lands late", faults=1, only=DELETES | {"late", "land"}),
        "I5",
    ),
    Mutant(
        "a deleter does not count as a change",
        "unchanged is a record with its own deleter included",
        DELETING,
        (
            Edit(
                "automaton/discard.py",
                "known.unchanged + known.options.settle, now.boot",
                "known.unchanged + (known.options.settle if record.deleter is None else 0.0), now.boot",
            ),
        ),
        replace(GONE, name="a deletion lands late", faults=1, only=DELETES | {"late", "land"}),
        "I5",
    ),
    Mutant(
        "deleted soon after the answer",
        "a deletion leaves within 10 s of the sending of its deleter",
        DELETING,
        (Edit("automaton/discard.py", "pending.under_way + FENCE_S", "now.boot + FENCE_S"),),
        replace(
            GONE,
            name="the answer to a deleter comes late",
            slow=1,
            every=600.0,
            first=(("time",), ("slow", 0, 0), ("time",), ("go", 1, 0), ("go", 1, 0), ("time",)),
            only=DELETES | {"answer"},
        ),
        "I5",
    ),
    Mutant(
        "created again without a look",
        "after each creation, answered or not, there is a new look before the next",
        NAMES,
        (
            Edit(
                "supervisor/growth.py",
                "growth.next, growth.known, growth.wanted, growth.said = ppa, None, False, False, None\n",
                "growth.known, growth.wanted, growth.said = ppa, True, False, None\n"
                "    names = core.settings.pools[pool].options.grow.names\n"
                "    growth.next = next((name for name in names if name > ppa), None)\n",
            ),
            Edit(
                "supervisor/growth.py",
                "        _let_go(core, managed.ppa)\n    core.look()\n",
                "        _let_go(core, managed.ppa)\n    on_looked(core, GrowthLook(managed.pool), {})\n",
            ),
        ),
        replace(GROWS, name="a creation lands late", faults=1, only=MOVES | {"late", "land"}),
        "growth",
    ),
    Mutant(
        "a name that was deleted is not known",
        "a name is not known if a read of it says 404, and a later one that no deleted PPA had it",
        NAMES,
        (
            Edit(
                "supervisor/names.py",
                "if name._replace(name=name.name + GONE) in look.named",
                "if name in look.named",
            ),
            Edit(
                "automaton/timers.py",
                "return provision.read_deleted_first(known) if now.dated",
                "return provision.create(known, now) if now.dated",
            ),
        ),
        replace(GROWS, name="the next name was used before", gone=(1,)),
        "names",
    ),
    Mutant(
        "an empty PPA of a deleted one's name is taken in",
        "a name of a range that had a PPA, or one that was discarded, is never taken in",
        NAMES,
        (
            Edit(
                "automaton/provision.py",
                "(why := rollback.why_never_again(known, answer)) is not None:\n        return replace(known, untaken",
                "(why := None) is not None:\n        return replace(known, untaken",
            ),
        ),
        replace(GONE, name="people make an empty PPA", daemons=1, ppas=0, options=GROWN, gone=(0, 1, 2), empty=True),
        "names",
    ),
    Mutant(
        "a creation that landed late is freed",
        "at its proof a made PPA whose name had another is discarded",
        NAMES,
        (
            Edit(
                "automaton/discard.py",
                "if (reason := rollback.why_never_again(known, answer)) is not None:",
                "if (reason := None) is not None:",
            ),
        ),
        replace(ONE_DAEMON, name="a creation landed after its name's life", options=GROWN, gone=(0,)),
        "names",
    ),
    Mutant(
        "what a listing misses is not there",
        "where a listing takes several requests names are read singly, up to the first that is not known",
        NAMES,
        (Edit("supervisor/names.py", "if not listed or look.requests > 1:", "if not listed:"),),
        replace(
            ASKED_AGAIN,
            name="a listing does not show the PPA of who asks again",
            first=(("ask", 0, 0), ("go", 0, 0), ("unheard", 0), ("crash", 1), ("restart", 1), ("missed", 1, 0)),
        ),
        "I3",
    ),
)
