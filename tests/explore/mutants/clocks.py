"""Ways to break which clock is believed, and by which one times are written.

Rule: as in the package; what is found is named by its invariant.
"""

from __future__ import annotations

from ..mutant import Edit, Mutant
from ..scene import DAY, Scene
from .bounds import QUICK, only

MUTANTS = (
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
            only=only("lie", "truth", less=("release",)),
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
            only=only("lie", "truth", less=("release",)),
        ),
        "I1",
    ),
    Mutant(
        "what a clock that lied wrote is not put right",
        "what lies ahead of both in a used record is put right, so that it ends at last",
        "docs/explanation/protocol.md#clocks",
        (Edit("automaton/now.py", "    if limit is None:\n", "    if limit is not None or limit is None:\n"),),
        Scene(
            "assigned a day ahead",
            daemons=1,
            attempts=1,
            lies=1,
            lying=(DAY,),
            every=60.0,
            first=(("lie", DAY), ("time",), ("look", 0), ("ask", 0, 0), ("go", 0, 0), ("go", 0, 0)),
            only=only("truth", less=("release",)),
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
            only=only("lie", "truth", "crash", "stray"),
        ),
        "I2",
    ),
    Mutant(
        "dates are relied on that nobody watched",
        "unless this daemon watched both clocks agree ever since the record's since, the PPA is looked into whole",
        "docs/explanation/protocol.md#clocks",
        (
            Edit(
                "automaton/assign.py",
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
            only=only(less=("release",)),
        ),
        "I2",
    ),
)
