"""Ways to break how a lease is given, told and ended: attempts, request ids, deadlines.

Rule: as in the package; what is found is named by its invariant.
"""

from __future__ import annotations

from ..mutant import Edit, Mutant
from ..scene import Scene
from .bounds import QUICK, TWO, only

MUTANTS = (
    Mutant(
        "given up by its lease, not by its nonce",
        "only while the record has the very nonce of the assignment",
        "docs/explanation/protocol.md#telling-a-lease",
        (
            Edit(
                "automaton/lease.py",
                "record.state is not State.USED or record.nonce != command.nonce",
                "record.lease != command.lease",
            ),
        ),
        Scene(
            "gives up while another tells",
            attempts=2,
            hangups=1,
            only=only("hang up", less=("time", "release")),
        ),
        "I1",
    ),
    Mutant(
        "told without rewriting",
        "a lease found by a later attempt is rewritten with it before it is told",
        "docs/explanation/protocol.md#attempts",
        (
            Edit(
                "automaton/lease.py",
                "    if record.attempt < wish.attempt:\n"
                "        return begin(known, WriteReason.RAISE, now, command, attempt=wish.attempt, "
                "**touch_fields(record, now))\n",
                "",
            ),
            Edit(
                "supervisor/recovery.py",
                "case LeaseShown(record) if record.attempt < request.attempt:",
                "case LeaseShown(record) if record.attempt < 0:",
            ),
        ),
        Scene(
            "gives up while another tells",
            attempts=2,
            hangups=1,
            only=only("hang up", less=("time", "release")),
        ),
        "I1",
    ),
    Mutant(
        "a lower attempt is told",
        "a daemon that meets a higher attempt answers superseded and writes no used",
        "docs/explanation/protocol.md#attempts",
        (
            Edit(
                "automaton/lease.py",
                "    if record.attempt > wish.attempt:\n"
                "        return deny_plainly(known, command, Refusal.SUPERSEDED)\n",
                "",
            ),
        ),
        Scene(
            "vanishes from the line",
            waits=(300.0,),
            attempts=2,
            vanish=1,
            faults=1,
            every=60.0,
            ttl=10_000.0,
            only=frozenset({"ask", "go", "look", "hear", "time", "vanish", "void"}),
        ),
        "I3",
    ),
    Mutant(
        "the lower attempt's lease stays",
        "of two leases of one request the one with the lower attempt goes to dirty",
        "docs/explanation/protocol.md#two-leases-of-one-request",
        (Edit("supervisor/recovery.py", "record.attempt > _attempt(low)", "record.attempt < 0"),),
        Scene(
            "late assign of a dead daemon",
            ppas=2,
            faults=1,
            crashes=1,
            ttl=10_000.0,
            persistent=True,
            first=(("ask", 0, 0), ("go", 0, 0), ("crash", 0, 0, "late")),
            only=frozenset({"ask", "go", "void", "look", "hear", "land"}),
        ),
        "I9",
        lively=True,
    ),
    Mutant(
        "answered from a look that began before",
        "attempt > 0 makes the daemon look at every PPA afresh first",
        "docs/explanation/protocol.md#attempts",
        (Edit("supervisor/recovery.py", "under_way=request.attempt == 0", "under_way=True"),),
        Scene(
            "an old look",
            ppas=2,
            faults=1,
            slow=1,
            unheard=1,
            first=(("time",), ("look", 0), ("listed", 1)),
            only=frozenset({"ask", "go", "void", "unheard", "hear", "look", "looked"}),
        ),
        "I3",
    ),
    Mutant(
        "lent without a look for arrivals",
        "the worker makes sure that the PPA is empty, then writes used",
        "docs/explanation/protocol.md#assigning",
        (
            Edit(
                "automaton/assign.py",
                "    if age is None:\n        return True\n",
                "    if age is None or age == 0.0:\n        return True\n",
            ),
        ),
        Scene(
            "what came with a late free",
            daemons=1,
            attempts=1,
            crashes=1,
            strays=1,
            start="dirty",
            only=only("crash", "land", "stray", less=("release",)),
        ),
        "I2",
    ),
    Mutant(
        "anybody's release ends the lease",
        "a late release by a former owner changes nothing",
        "docs/explanation/protocol.md#i7",
        (
            Edit(
                "automaton/lease.py",
                "    if record is None or record.lease != command.lease:\n"
                "        return deny_plainly(known, command, Refusal.ELSEWHERE)\n    if record.state is State.DIRTY:",
                "    if record is None or record.state is State.FREE:\n"
                "        return deny_plainly(known, command, Refusal.ELSEWHERE)\n    if record.state is State.DIRTY:",
            ),
        ),
        Scene(
            "a former owner",
            waits=TWO,
            attempts=1,
            again=1,
            options=QUICK,
            first=(("ask", 0, 0), ("go", 0, 0), ("go", 0, 0), ("release", 0, 1), ("look", 1)),
            only=only("release again", less=("time",)),
        ),
        "I1",
    ),
    Mutant(
        "a call has no deadline",
        "every call is answered within its deadline",
        "docs/explanation/protocol.md#i8",
        (Edit("supervisor/queue.py", "for moment in {call.until, call.deadline}", "for moment in {call.until}"),),
        Scene("Launchpad hangs", daemons=1, attempts=1, stalls=1, only=only("stall", less=("release",))),
        "I8",
    ),
    Mutant(
        "a lease that is over is told as new",
        "what was held up past its end is told to nobody",
        "docs/explanation/protocol.md#telling-a-lease",
        (Edit("supervisor/assigning.py", "if not alive(record, core.now.time):", "if record.until is None:"),),
        Scene(
            "held up past the end, and its client waits on",
            daemons=1,
            waits=(600.0,),
            attempts=1,
            stalls=1,
            only=only("stall", less=("release",)),
        ),
        "I1",
    ),
    Mutant(
        "no lease expires",
        "every lease ends at last",
        "docs/explanation/protocol.md#i9",
        (Edit("automaton/timers.py", "return _expiry(known, record, now)", 'return float("inf")'),),
        Scene("walks away", daemons=1, attempts=1, crashes=1, only=frozenset({"ask", "go", "look", "crash"})),
        "I9",
        lively=True,
    ),
    Mutant(
        "request ids belong to nobody",
        "the key is (client, request id); another client's same id is another wish",
        "docs/explanation/protocol.md#attempts",
        (
            Edit("supervisor/requests.py", "return Key(wish.by, wish.request_id)", "return Key(None, wish.request_id)"),
            Edit(
                "supervisor/requests.py",
                "return Key(record.by, record.request) if",
                "return Key(None, record.request) if",
            ),
            Edit(
                "automaton/lease.py",
                "theirs = record is None or (record.by, record.request) != (wish.by, wish.request_id)",
                "theirs = record is None or record.request != wish.request_id",
            ),
            Edit(
                "automaton/lease.py",
                'if (record.owner, record.pool, record.select or "") != (wish.owner, wish.pool, str(wish.select)):',
                "if (record.owner, record.by, record.pool) != (wish.owner, wish.by, wish.pool):",
            ),
        ),
        Scene(
            "two clients of two daemons use one request id",
            ppas=2,
            waits=TWO,
            shared=True,
            unheard=1,
            options=QUICK,
            first=(
                ("ask", 0, 0),
                ("go", 0, 0),
                ("go", 0, 0),
                ("ask", 1, 1),
            ),
            only=only("unheard", less=("release", "time")),
        ),
        "I4",
    ),
    Mutant(
        "the first lease found is taken",
        "all PPAs are looked at before a lease is chosen, and the highest attempt is it",
        "docs/explanation/protocol.md#attempts",
        (
            Edit(
                "supervisor/registry.py",
                "s.record.attempt if s.record else 0, reverse=True)",
                "s.record.attempt if s.record else 0)",
            ),
        ),
        Scene(
            "asks for the third time where a late lease landed",
            ppas=2,
            faults=1,
            crashes=1,
            unheard=1,
            attempts=3,
            ttl=10_000.0,
            first=(("ask", 0, 0), ("go", 0, 0), ("crash", 0, 0, "late")),
            only=frozenset({"ask", "go", "void", "look", "hear", "unheard", "land"}),
        ),
        "I3",
    ),
)
