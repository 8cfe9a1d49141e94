"""Ways to break the code on purpose, each a rule of the protocol left out, and the small scene that shows it.

Rule: each text must stand exactly once in its file; one that does not is stale, and that is a failure.  What must be
found is named by its invariant.
"""

from __future__ import annotations

from ppa_assigner.options import PoolOptions

from .mutant import Edit, Mutant
from .scene import DAY, Scene

SMALL = ("ask", "go", "look", "time", "hear", "restart", "release")


def _only(*more: str, less: tuple[str, ...] = ()) -> frozenset[str]:
    return frozenset({*SMALL, *more}) - {*less}


TWO = (0.0, 0.0)
QUICK = PoolOptions(settle=0.0, verify_age=0.0)
RACE = Scene("two ask two daemons for one PPA", waits=TWO, attempts=1, only=_only(less=("release", "time")))

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
            only=_only("hang up", less=("time", "release")),
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
                "    if record.attempt < command.attempt:\n        return begin(\n"
                "            known, WriteReason.RAISE, now, command, attempt=command.attempt, "
                "**expiry.touch_fields(record, now)\n"
                "        )\n",
                "",
            ),
            Edit(
                "supervisor/confirming.py",
                "case LeaseShown(record) if record.attempt < asked.attempt:",
                "case LeaseShown(record) if record.attempt < 0:",
            ),
        ),
        Scene(
            "gives up while another tells",
            attempts=2,
            hangups=1,
            only=_only("hang up", less=("time", "release")),
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
                "    if record.attempt > command.attempt:\n        return deny(known, command, Refusal.SUPERSEDED)\n",
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
        (Edit("supervisor/twins.py", "record.attempt > _attempt(low)", "record.attempt < 0"),),
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
        "no fence",
        "a grant or a destructive request leaves only within 10 s of an answer that showed the record",
        "docs/explanation/protocol.md#fences",
        (Edit("backoff.py", "FENCE_S = 10.0", "FENCE_S = 1e9"),),
        Scene(
            "a grant stalls",
            stalls=1,
            attempts=1,
            ttl=60.0,
            first=(("ask", 0, 0), ("go", 0, 0), ("go", 0, 0), ("stall", 0, 0), ("time",), ("time",)),
            only=_only("stall", less=("release",)),
            uploaders=("~ann",),
        ),
        "I2",
    ),
    Mutant(
        "not read again before it deletes",
        "the record is re-read before each destructive batch",
        "docs/explanation/protocol.md#fences",
        (Edit("automaton/purge.py", "not_after = clean.fence + FENCE_S", "not_after = now.boot + FENCE_S"),),
        Scene(
            "a daemon and the next run of it",
            twins=True,
            uploads=1,
            attempts=1,
            start="dirty",
            options=QUICK,
            first=(("go", 0, 0), ("go", 1, 0), ("go", 1, 0)),
            only=_only("upload", less=("release", "time")),
        ),
        "I1",
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
        Scene("an assign is lost on its way", daemons=1, attempts=1, faults=1, only=_only("void", less=("time",))),
        "I1",
    ),
    Mutant(
        "free before proof",
        "nothing reaches free but through a proven clean",
        "docs/explanation/protocol.md#i2",
        (Edit("automaton/verify.py", "    if not content.empty:\n", "    if not content.empty and clean is None:\n"),),
        Scene("a clean", daemons=1, attempts=0, strays=1, start="dirty", only=_only("stray")),
        "I2",
    ),
    Mutant(
        "no quiet window",
        "nothing active for a whole quiet window, counted from the clean's last changing request",
        "docs/explanation/cleaning.md#quiet-window",
        (Edit("automaton/verify.py", "max(clean.look_at, quiet_until(known, clean))", "clean.look_at"),),
        Scene(
            "a late grant",
            daemons=1,
            attempts=2,
            faults=1,
            first=(("ask", 0, 0), ("go", 0, 0), ("go", 0, 0), ("late", 0, 0), ("ask", 0, 0)),
            only=_only("late", "land"),
            uploaders=("~ann",),
        ),
        "I",
    ),
    Mutant(
        "another's clean is taken over at once",
        "one daemon cleans; another takes over only after 5 minutes of silence",
        "docs/explanation/cleaning.md#one-cleaner",
        (
            Edit(
                "automaton/clean.py",
                "return max(known.unchanged, known.heard_at) + CLEANER_SILENCE_S",
                "return float('-inf')",
            ),
        ),
        Scene("two would clean", attempts=0, every=60.0, start="dirty", only=_only()),
        "I9",
        lively=True,
    ),
    Mutant(
        "another's silence is told by the dates in its record",
        "silence of another daemon's cleaner is measured by the reader; a touched that lies ahead keeps nobody away",
        "docs/explanation/cleaning.md#one-cleaner",
        (
            Edit(
                "automaton/clean.py",
                "return known.entry is not None and known.entry.moment.started >= _silent_from(known)",
                "entry = known.entry\n    return entry is not None and "
                "(entry.moment.date - record.touched).total_seconds() >= CLEANER_SILENCE_S",
            ),
        ),
        Scene(
            "touched tomorrow",
            daemons=1,
            attempts=0,
            every=60.0,
            start="dirty",
            cleaner="other/1-x",
            touched=DAY,
            only=_only(),
        ),
        "I9",
        lively=True,
    ),
    Mutant(
        "Launchpad's clock is believed at once",
        "time is believed when both clocks agree, or Launchpad's alone has gone on steadily for long",
        "docs/explanation/protocol.md#clocks",
        (
            Edit(
                "clock.py",
                "believed = (agree and self._start.over) or self._steady.alone",
                "believed = self._offset.offset is not None",
            ),
        ),
        Scene(
            "a day ahead",
            daemons=1,
            attempts=1,
            lies=1,
            every=60.0,
            ttl=10_000.0,
            only=_only("lie", "truth", less=("release",)),
        ),
        "I1",
    ),
    Mutant(
        "what is assigned is dated by a clock that is behind",
        "while time is not believed a used record is written by the latest of all clocks",
        "docs/explanation/protocol.md#clocks",
        (Edit("automaton/now.py", "return latest if not self.trusted and", "return latest if self.date is None and"),),
        Scene(
            "a day behind",
            daemons=1,
            attempts=1,
            lies=1,
            lying=(-DAY,),
            every=60.0,
            ttl=10_000.0,
            only=_only("lie", "truth", less=("release",)),
        ),
        "I1",
    ),
    Mutant(
        "what a clock that lied wrote is not put right",
        "what lies ahead of both in a used record is put right, so that it ends at last",
        "docs/explanation/protocol.md#clocks",
        (Edit("automaton/expiry.py", "    if limit is None:\n", "    if limit is not None or limit is None:\n"),),
        Scene(
            "assigned a day ahead",
            daemons=1,
            attempts=1,
            lies=1,
            lying=(DAY,),
            every=60.0,
            first=(("lie", DAY), ("time",), ("look", 0), ("ask", 0, 0), ("go", 0, 0), ("go", 0, 0)),
            only=_only("truth", less=("release",)),
        ),
        "I9",
        lively=True,
    ),
    Mutant(
        "free is dated by the later clock",
        "in a free record since is written by the earlier of the two clocks",
        "docs/explanation/protocol.md#clocks",
        (
            Edit(
                "automaton/verify.py",
                "since = now.earlier_at(proof.moment)",
                "since = max(now.latest, proof.moment.date)",
            ),
        ),
        Scene(
            "free a day ahead",
            daemons=1,
            attempts=1,
            lies=1,
            lying=(DAY,),
            crashes=1,
            strays=1,
            arriving=True,
            start="dirty",
            options=QUICK,
            every=60.0,
            only=_only("lie", "truth", "crash", "stray"),
        ),
        "I2",
    ),
    Mutant(
        "dates are relied on that nobody watched",
        "unless this daemon watched both clocks agree ever since the record's since, the PPA is looked into whole",
        "docs/explanation/protocol.md#clocks",
        (
            Edit(
                "automaton/lease.py",
                "if date and _watched_since(date, now)), None)",
                "if date), None)",
            ),
        ),
        Scene(
            "a stray of yesterday",
            daemons=1,
            attempts=1,
            lies=1,
            lying=(-DAY,),
            strays=1,
            arriving=True,
            lying_database=True,
            options=QUICK,
            every=60.0,
            first=(("time",), ("look", 0), ("lie", -DAY), ("time",), ("look", 0), ("stray", 0), ("truth",)),
            only=_only(less=("release",)),
        ),
        "I2",
    ),
    Mutant(
        "answered from a look that began before",
        "attempt > 0 makes the daemon look at every PPA afresh first",
        "docs/explanation/protocol.md#attempts",
        (Edit("supervisor/searching.py", "under_way=asked.attempt == 0", "under_way=True"),),
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
                "automaton/lease.py",
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
            only=_only("crash", "land", "stray", less=("release",)),
        ),
        "I2",
    ),
    Mutant(
        "people's words are dropped",
        "human text stays byte for byte",
        "docs/explanation/protocol.md#i6",
        (Edit("automaton/write.py", "text = compose(known.text.human, record)", "text = compose(None, record)"),),
        RACE,
        "I6",
    ),
    Mutant(
        "anybody's release ends the lease",
        "a late release by a former owner changes nothing",
        "docs/explanation/protocol.md#i7",
        (
            Edit(
                "automaton/lease.py",
                "    if record is None or record.lease != command.lease:\n"
                "        return deny(known, command, Refusal.ELSEWHERE)\n    if record.state is State.DIRTY:",
                "    if record is None or record.state is State.FREE:\n"
                "        return deny(known, command, Refusal.ELSEWHERE)\n    if record.state is State.DIRTY:",
            ),
        ),
        Scene(
            "a former owner",
            waits=TWO,
            attempts=1,
            again=1,
            options=QUICK,
            first=(("ask", 0, 0), ("go", 0, 0), ("go", 0, 0), ("release", 0, 1), ("look", 1)),
            only=_only("release again", less=("time",)),
        ),
        "I1",
    ),
    Mutant(
        "taken in although it is not empty",
        "a PPA without our record is never changed unless wholly empty",
        "docs/explanation/protocol.md#i5",
        (
            Edit(
                "automaton/provision.py",
                "        case Content(empty=True):\n            return take_in",
                "        case Content():\n            return take_in",
            ),
        ),
        Scene("a stranger's PPA", daemons=1, attempts=0, strays=1, start="bare", only=_only("stray")),
        "I5",
    ),
    Mutant(
        "a call has no deadline",
        "every call is answered within its deadline",
        "docs/explanation/protocol.md#i8",
        (Edit("supervisor/wishes.py", "for moment in {call.until, call.deadline}", "for moment in {call.until}"),),
        Scene("Launchpad hangs", daemons=1, attempts=1, stalls=1, only=_only("stall", less=("release",))),
        "I8",
    ),
    Mutant(
        "no lease expires",
        "every lease ends at last",
        "docs/explanation/protocol.md#i9",
        (Edit("automaton/timers.py", "return _expiry(known, now)", "return None"),),
        Scene("walks away", daemons=1, attempts=1, crashes=1, only=frozenset({"ask", "go", "look", "crash"})),
        "I9",
        lively=True,
    ),
    Mutant(
        "the deleted ones are not compared",
        "before anything is written back the deleted PPAs of the name are read",
        "docs/explanation/protocol.md#absence",
        (
            Edit(
                "automaton/rollback.py",
                "return highest is not None and any(_is_it(record, highest, later=True) for record in",
                "return highest is None and any(_is_it(record, highest, later=True) for record in",
            ),
        ),
        Scene("made anew by people", daemons=1, attempts=1, remakes=1, options=QUICK, only=_only("remake")),
        "I5",
    ),
    Mutant(
        "a command is carried out on what was not compared",
        "before anything is written back the deleted PPAs of the name are read, whoever asks for it",
        "docs/explanation/protocol.md#absence",
        (
            Edit(
                "automaton/dispatch.py",
                "return hidden or (known.suspect > 0 and not isinstance(command, Assign))",
                "return hidden",
            ),
        ),
        Scene(
            "released while the deleted ones cannot be read",
            daemons=1,
            attempts=1,
            remakes=1,
            faults=1,
            again=1,
            options=QUICK,
            ttl=10_000.0,
            first=(("ask", 0, 0), ("go", 0, 0), ("go", 0, 0), ("remake", 0), ("time",)),
            only=_only("void", "release again"),
        ),
        "I5",
    ),
    Mutant(
        "written back into what was gone",
        "one definite gone since the last good read is enough never to write back",
        "docs/explanation/protocol.md#absence",
        (
            Edit(
                "automaton/rollback.py",
                "return on_recreated(known, entry, asof, now) if known.vanished else _on_rolled_back(",
                "return _on_rolled_back(",
            ),
        ),
        Scene(
            "made anew by people, and the old one tells nothing",
            daemons=1,
            attempts=1,
            remakes=1,
            veils=1,
            wiped=True,
            options=QUICK,
            ttl=10_000.0,
            first=(
                ("ask", 0, 0),
                ("go", 0, 0),
                ("go", 0, 0),
                ("time",),
                ("veil", 0, "gone"),
                ("look", 0),
                ("go", 0, 0),
                ("remake", 0),
                ("unveil", 0),
            ),
            only=_only(),
        ),
        "I5",
    ),
    Mutant(
        "missing counts as looked at",
        "a PPA that cannot be read counts as looked at when all reads of a minute said so",
        "docs/explanation/protocol.md#absence",
        (
            Edit(
                "automaton/reachability.py",
                '    return f"{last.reason}: whether that lasts is known in a minute" if last is not None else None\n',
                "    return None\n",
            ),
        ),
        Scene(
            "asks elsewhere while its PPA is hidden",
            ppas=2,
            attempts=2,
            unheard=1,
            veils=1,
            ttl=10_000.0,
            options=QUICK,
            first=(("ask", 0, 0), ("go", 0, 0), ("go", 0, 0), ("unheard", 0)),
            only=frozenset({"ask", "go", "look", "hear", "veil"}),
        ),
        "I3",
    ),
    Mutant(
        "request ids belong to nobody",
        "the key is (client, request id); another client's same id is another wish",
        "docs/explanation/protocol.md#attempts",
        (
            Edit("supervisor/keys.py", "return Key(wish.by, wish.request_id)", "return Key(None, wish.request_id)"),
            Edit(
                "supervisor/keys.py", "return Key(record.by, record.request) if", "return Key(None, record.request) if"
            ),
            Edit(
                "automaton/lease.py",
                "theirs = record is None or (record.by, record.request) != (command.by, command.request)",
                "theirs = record is None or record.request != command.request",
            ),
            Edit(
                "automaton/lease.py",
                "if (record.owner, record.pool) != (command.owner, command.pool):",
                "if (record.owner, record.by, record.pool) != (command.owner, command.by, command.pool):",
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
            only=_only("unheard", less=("release", "time")),
        ),
        "I4",
    ),
    Mutant(
        "the first lease found is taken",
        "all PPAs are looked at before a lease is chosen, and the highest attempt is it",
        "docs/explanation/protocol.md#attempts",
        (
            Edit(
                "supervisor/crew.py",
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
BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
