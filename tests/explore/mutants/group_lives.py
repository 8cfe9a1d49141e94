"""Ways to break what is told of a group that is lent, and how it lives and ends: its lead alone decides.

Rule: as in the package; what is found is named by its invariant.
"""

from __future__ import annotations

from dataclasses import replace

from ..mutant import Edit, Mutant
from ..scene import Scene
from .groups import AT_ONCE, GROUPS, MOVES, PAIR, RIVALS

SILENT = replace(PAIR, idle=40.0, waits=(600.0,))
FROM_MEMORY = (
    Edit(
        "supervisor/leads.py",
        "    command = ReadLead(token=core.token(), deadline=core.now.boot + core.total)\n"
        "    core.order(event.lead, command, ReadsLead(event.ppa, event.nonce))\n",
        "    record = core.registry.ppas[event.lead].snapshot.record\n"
        "    shown = LeadShown(record, record.since)\n"
        "    core.effects.append(Send(event.ppa, LeadRead(event.nonce, shown)))\n",
    ),
)

MUTANTS = (
    Mutant(
        "told on the memory of its commit",
        "a group is told on a read of its lead that began after all members were used",
        GROUPS,
        (
            Edit(
                "supervisor/tries.py",
                "elif one.shown is not None and _soon_enough(core, one, one.shown.record):",
                "elif one.shown is not None:",
            ),
        ),
        replace(
            SILENT,
            name="a group ends by silence before its member is used",
            daemons=1,
            stalls=1,
            first=(("ask", 0, 0), ("go", 0, 1), ("go", 0, 0), ("go", 0, 1)),
            only=MOVES | {"stall"},
        ),
        "I1",
    ),
    Mutant(
        "told soon after the answer to its commit",
        "or so soon after the commit was sent that the lease cannot have ended",
        GROUPS,
        (
            Edit(
                "supervisor/tries.py",
                "LeadShown(outcome.record, outcome.latest), outcome.sent",
                "LeadShown(outcome.record, outcome.latest), core.now.boot",
            ),
        ),
        replace(
            SILENT,
            name="the answer to a commit comes late",
            slow=1,
            first=(("ask", 0, 0), ("go", 0, 1), ("go", 0, 0), ("slow", 0, 1)),
            only=MOVES | {"answer"},
        ),
        "I1",
    ),
    Mutant(
        "a claim is judged by what was known of its lead",
        "the lead is read after the member, and by itself",
        GROUPS,
        FROM_MEMORY,
        replace(
            RIVALS,
            name="a daemon meets a claim that its last look did not show",
            counts=(2, 0),
            named=(None, 0),
            first=(("ask", 0, 0), ("go", 0, 1), ("go", 0, 0)),
        ),
        "whole",
    ),
    Mutant(
        "a member ends by what was known of its lead",
        "a member ends on a read of its lead that began after its own record was read",
        GROUPS,
        FROM_MEMORY,
        replace(
            RIVALS,
            name="a daemon meets a member that its last look did not show",
            counts=(2, 0),
            named=(None, 0),
            first=(("ask", 0, 0), ("go", 0, 1), ("go", 0, 0), ("go", 0, 1), ("go", 0, 0)),
        ),
        "whole",
    ),
    Mutant(
        "a group that is found is told without rewriting it",
        "a lead that is found by a later attempt is rewritten with it before it is told",
        GROUPS,
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
        replace(
            PAIR,
            name="a group is given up while another daemon tells it",
            attempts=2,
            hangups=1,
            first=(("ask", 0, 0), ("go", 0, 1), ("go", 0, 0), ("go", 0, 1)),
            only=MOVES - {"time"} | {"hang up"},
        ),
        "I1",
    ),
    Mutant(
        "members are leases of their own",
        "of two leases of one request the lower ends: leads only are compared",
        GROUPS,
        (
            Edit("supervisor/registry.py", "leading = lead_of(snapshot) is None", "leading = True"),
            Edit(
                "automaton/lease.py",
                "record.state is not State.USED or record.lead is not None:\n"
                "        return deny_plainly(known, command, Refusal.ELSEWHERE)\n"
                "    return end(known, WriteReason.SUPERSEDE",
                "record.state is not State.USED:\n"
                "        return deny_plainly(known, command, Refusal.ELSEWHERE)\n"
                "    return end(known, WriteReason.SUPERSEDE",
            ),
        ),
        replace(
            PAIR,
            name="a group is asked for again",
            attempts=2,
            unheard=1,
            first=(("ask", 0, 0), ("go", 0, 1), ("go", 0, 0), ("go", 0, 1), ("go", 0, 0)),
            only=MOVES - {"time"} | {"unheard"},
        ),
        "whole",
    ),
    Mutant(
        "a group is given back by whoever rewrote it",
        "giving back only while the lead has the commit's own nonce, never that of a rewriting",
        GROUPS,
        (
            Edit(
                "supervisor/assigning.py",
                "if record.lease == request.lease and record.attempt <= request.searched:",
                "if record.attempt <= request.searched:",
            ),
        ),
        replace(
            PAIR,
            name="who asks again hangs up",
            attempts=3,
            unheard=1,
            hangups=1,
            first=(("ask", 0, 0), ("go", 0, 1), ("go", 0, 0), ("go", 0, 1), ("go", 0, 0), ("unheard", 0)),
            only=MOVES - {"time"} | {"hang up"},
        ),
        "I1",
    ),
    Mutant(
        "a member's release ends whatever its lead has",
        "the release of a member is its group's: the lead is read, and that very group ends",
        GROUPS,
        (
            Edit(
                "supervisor/lease_calls.py",
                "if record is not None and record.group == group:",
                "if record is not None:",
            ),
        ),
        Scene(
            "a former owner releases by the lease of a member",
            ppas=2,
            waits=(0.0, 0.0),
            counts=(2, 0),
            named=(None, 1),
            attempts=1,
            again=1,
            by_member=True,
            options=AT_ONCE,
            first=(
                *(("ask", 0, 0), ("go", 0, 1), ("go", 0, 0), ("go", 0, 1), ("go", 0, 0), ("go", 0, 1)),
                *(("release", 0, 0), ("go", 0, 1), ("go", 0, 1), ("go", 0, 1), ("go", 0, 1), ("go", 0, 1)),
            ),
            only=MOVES - {"time"} | {"release again"},
        ),
        "I1",
    ),
)
