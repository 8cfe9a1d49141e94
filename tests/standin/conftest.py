"""One stand-in for the tests of a session, with a fresh world for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ppa_assigner.standin.control_client import ControlClient
from ppa_assigner.standin.standin import Standin

from .client import Client


@pytest.fixture(scope="session")
def running() -> Iterator[Standin]:
    """A stand-in in this process."""
    with Standin() as standin:
        yield standin


@pytest.fixture
def control(running: Standin) -> Iterator[ControlClient]:
    """Its control interface, with a fresh world of three PPAs."""
    control = ControlClient(running.control_url)
    control.delay(0)
    control.reset(owner="ci-pool", ppas=3)
    yield control
    control.reset()
    control.close()


@pytest.fixture
def standin(running: Standin, control: ControlClient) -> Standin:
    """The stand-in itself, fresh."""
    return running


@pytest.fixture
def client(standin: Standin) -> Iterator[Client]:
    """Asks as the service account, a member of the team that owns the PPAs."""
    client = Client(standin.service_root, standin.credentials()["ppa-bot"])
    yield client
    client.close()


@pytest.fixture
def stranger(standin: Standin) -> Iterator[Client]:
    """Asks as somebody without rights."""
    client = Client(standin.service_root, standin.credentials()["stranger"])
    yield client
    client.close()
