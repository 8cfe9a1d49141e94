"""Lists as the web service serves them: what a page says of a list's size, as it was measured.

A list is made when it is asked for; it is not a snapshot.
"""

from collections.abc import Iterator, Sequence
from typing import Any


class Listing:
    """The result of a search, for lazr.restful to cut pages from.

    Launchpad's own lists raise an error for a negative start.
    """

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = list(items)

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._items)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice) and (index.start or 0) < 0:
            raise InvalidRowCountInResultOffsetClause(index.start)
        return self._items[index]


class InvalidRowCountInResultOffsetClause(Exception):  # noqa: N818 - the body of the 500 is this name
    """The database refuses a negative offset; the client sees a 500 with this name."""
