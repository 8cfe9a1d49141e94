"""Ways to break the code on purpose, each a rule of the protocol left out, and the small scene that shows it.

Rule: each text must stand exactly once in its file; one that does not is stale, and that is a failure.  What must be
found is named by its invariant.
"""

from __future__ import annotations

from . import absence, clean, clocks, group_lives, groups, growth, lease, line, write

PARTS = (write, lease, clean, clocks, absence, groups, group_lives, growth, line)
MUTANTS = tuple(mutant for part in PARTS for mutant in part.MUTANTS)
BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
