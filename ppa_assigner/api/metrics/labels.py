"""Labels that stay few.

Rule: a pool's name may come from a client or from a record that anybody wrote; after so many, all others are one.
"""

from __future__ import annotations

MOST = 256
OTHERS = "other"


class Pools:
    """The names that are labels.  Safe for threads: a few more than `MOST` would hurt nobody."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def label(self, pool: object) -> str:
        """The label for a pool of this name."""
        name = pool if isinstance(pool, str) else OTHERS
        if name not in self._names:
            if len(self._names) >= MOST:
                return OTHERS
            self._names.add(name)
        return name
