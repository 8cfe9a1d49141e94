"""One stand-in for all tests of `doctor`, which are run one after the other for it: each has a fresh world in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ppa_assigner.record import compose

from ..apart import Apart, standin_apart
from .site import FREE, Site


@pytest.fixture(scope="session")
def standin() -> Iterator[Apart]:
    with standin_apart() as apart:
        yield apart


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The service's description is loaded once for all tests."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def site(
    standin: Apart, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Site:
    monkeypatch.setenv("CACHE_DIRECTORY", str(cache))
    made = Site(standin, tmp_path, capsys)
    credentials = made.control.reset(owner="ci-pool", ppas=5)["credentials"]
    made.act_as(credentials["ppa-bot"])
    for number in range(1, 6):
        made.control.describe(f"~ci-pool/ubuntu/pool-00{number}", compose("Ours.", FREE))
    made.control.forget()
    return made
