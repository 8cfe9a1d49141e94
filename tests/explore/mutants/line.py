"""Ways to break the order of those who wait.

Rule: as in the package; what is found is named by its invariant.
"""

from __future__ import annotations

from ..mutant import Edit, Mutant
from ..scene import Scene
from .groups import MOVES, PLAIN

MUTANTS = (
    Mutant(
        "what is too little for a wish is not kept for it",
        "of the free PPAs that fit a wish as many as it needs are kept, and nobody behind it gets one of them",
        "docs/explanation/protocol.md#waiting-line",
        (
            Edit(
                "supervisor/allocation.py",
                "    stock.take(chosen)\n",
                "    if len(chosen) < sum(wish.needs):\n        return\n    stock.take(chosen)\n",
            ),
        ),
        Scene(
            "one that wants two waits for the second",
            ppas=2,
            daemons=1,
            waits=(600.0, 600.0, 600.0),
            uploaders=(None, None, None),
            counts=(0, 2, 0),
            attempts=1,
            options=PLAIN,
            first=(("ask", 0, 0), ("go", 0, 0)),
            only=MOVES - {"time"},
        ),
        "order",
    ),
)
