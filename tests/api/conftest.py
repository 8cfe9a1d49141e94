"""The API in front of a supervisor that does as it is told, new for each test; the server is started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .fakes import Served, serving


@pytest.fixture(scope="session")
def _served() -> Iterator[Served]:
    with serving() as served:
        yield served


@pytest.fixture
def api(_served: Served) -> Served:
    """Without clients: everybody is operator."""
    _served.forget()
    return _served
