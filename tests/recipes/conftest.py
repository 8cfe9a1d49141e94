"""One site for all tests of the recipes, which are run one after the other for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .site import Site, served


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A daemon that serves."""
    with served(tmp_path_factory.mktemp("site")) as site:
        yield site
