"""Ways to break the clean and its proof: fences, the quiet window, and who cleans.

Rule: as in the package; what is found is named by its invariant.
"""

from __future__ import annotations

from ..mutant import Edit, Mutant
from ..scene import DAY, Scene
from .bounds import QUICK, only

MUTANTS = (
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
            only=only("stall", less=("release",)),
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
            only=only("upload", less=("release", "time")),
        ),
        "I1",
    ),
    Mutant(
        "free before proof",
        "nothing reaches free but through a proven clean",
        "docs/explanation/protocol.md#i2",
        (Edit("automaton/verify.py", "    if not content.empty:\n", "    if not content.empty and clean is None:\n"),),
        Scene("a clean", daemons=1, attempts=0, strays=1, start="dirty", only=only("stray")),
        "I2",
    ),
    Mutant(
        "no quiet window",
        "nothing active for a whole quiet window, counted from the clean's last changing request",
        "docs/explanation/cleaning.md#quiet-window",
        (Edit("automaton/verify.py", "clean.quiet_from + known.options.settle", "clean.quiet_from"),),
        Scene(
            "a late grant",
            daemons=1,
            attempts=2,
            faults=1,
            first=(("ask", 0, 0), ("go", 0, 0), ("go", 0, 0), ("late", 0, 0), ("ask", 0, 0)),
            only=only("late", "land"),
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
        Scene("two would clean", attempts=0, every=60.0, start="dirty", only=only()),
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
            only=only(),
        ),
        "I9",
        lively=True,
    ),
)
