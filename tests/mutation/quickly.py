"""A plugin of pytest: the same verdict about a change each time, and soon.

Rule: whether a change is noticed must not depend on what a test drew: tests that draw values draw the same ones in each
run, and come last, for most changes are noticed by a plain example.
"""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings

EXAMPLES = 50

settings.register_profile(
    "mutation", derandomize=True, database=None, deadline=None, max_examples=EXAMPLES,
    phases=(Phase.explicit, Phase.generate),  # that it fails is enough: nobody reads the smallest example
)  # fmt: skip


def pytest_configure() -> None:
    """After hypothesis has chosen its own."""
    settings.load_profile("mutation")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What draws values last; else in the order of the files."""
    items.sort(key=lambda item: (item.get_closest_marker("hypothesis") is not None, item.nodeid))
