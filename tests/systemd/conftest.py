"""One machine for the tests of a file: it boots in a fraction of a second."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import pytest

from .. import needs
from .installed import Assigner, installed_from_checkout
from .machine import lacking

REQUIRED = "PPA_ASSIGNER_TEST_SYSTEMD"
"""Set where these tests may not be skipped."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assigner]:
    """The daemon on a machine with systemd."""
    if (reason := lacking()) is not None:
        (pytest.fail if os.environ.get(REQUIRED) else needs.lacking)(reason)
    installed = installed_from_checkout(tmp_path_factory.mktemp("machine"))
    yield installed
    installed.close()


@pytest.fixture
def assigner(installed: Assigner, record_property: Callable[[str, object], None]) -> Iterator[Assigner]:
    """As installed: nothing of an earlier test is left."""
    record_property("systemd checks", 1)
    yield installed
    installed.clear()
