"""What takes minutes to make is made once for all workers of a run: whoever needs it first makes it, the others wait.

Rule: nobody changes what was made, and the last of those who needed it removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

WORKER = "PYTEST_XDIST_WORKER"


@contextmanager
def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Iterator[Path]:
    """A folder in which `make` made something, as long as this block lasts."""
    worker = os.environ.get(WORKER)
    folder = factory.getbasetemp() if worker is None else factory.getbasetemp().parent
    place, users = folder / name, folder / f"{name}.users"
    with _alone(folder / f"{name}.lock"):
        if not users.exists():
            shutil.rmtree(place, ignore_errors=True)  # what somebody began and could not end
            make(place)
            users.mkdir()
        (users / f"{worker}").touch()
    try:
        yield place
    finally:
        with _alone(folder / f"{name}.lock"):
            (users / f"{worker}").unlink()
            if not any(users.iterdir()):
                users.rmdir()
                shutil.rmtree(place, ignore_errors=True)


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
