"""PPAs in every state, served once for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..api.fakes import Served
from .scene import everything, served_ppas, two_pools


@pytest.fixture(scope="module")
def _served() -> Iterator[Served]:
    with served_ppas() as served:
        yield served


@pytest.fixture
def one(_served: Served) -> Served:
    """A daemon with one pool, whose ages are counted from now."""
    _served.forget()
    _served.backend.known = everything()
    return _served


@pytest.fixture
def two(_served: Served) -> Served:
    """A daemon with two pools."""
    _served.forget()
    _served.backend.known = two_pools()
    return _served
