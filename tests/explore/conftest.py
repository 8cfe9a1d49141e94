"""What every exploration in a test needs."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _log_as_before() -> Iterator[None]:
    """An exploration hears what the supervisor logs."""
    log = logging.getLogger("ppa_assigner")
    before = log.level, log.handlers[:], log.propagate
    yield
    log.level, log.handlers[:], log.propagate = before
    log.setLevel(before[0])
