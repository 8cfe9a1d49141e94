"""What a test needs of its host beside Python and what `make test` installs.

Rule: where it is missing the test is skipped, and the reason says what to install; where nothing may be skipped, as in
the gate, it fails.
"""

from __future__ import annotations

import os
import shutil
from typing import NoReturn

import pytest

ALL = "PPA_ASSIGNER_TEST_ALL"
"""Set to `required` where a test that lacks something fails."""


def lacking(reason: str) -> NoReturn:
    """End this test: the host lacks what the reason says."""
    if os.environ.get(ALL) == "required":
        pytest.fail(reason)
    pytest.skip(reason)


def program(name: str, package: str = "") -> str:
    """Where a program is."""
    found = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    return found or lacking(f"needs {name}" + (f", of Debian's package {package}" if package else ""))
