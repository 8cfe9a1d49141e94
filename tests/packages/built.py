"""A copy of the checkout, and wheel and sdist built of it without asking a registry.

Rule: nothing is written below the checkout itself.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..docs.pages import ROOT

BUILD_S = 180.0
SECRET = secrets.token_hex(16)  # stands in no file of the checkout
_LEFT_OUT = shutil.ignore_patterns(
    ".git",
    ".venv*",
    "node_modules",
    "build",
    "dist",
    "__pycache__",
    "*.egg-info",
    ".*_cache",
    ".hypothesis",
    ".coverage*",
)


@dataclass(frozen=True)
class Built:
    """The files that a build made."""

    wheel: Path
    sdist: Path


def copied(place: Path) -> Path:
    """The checkout as somebody works in it: with credentials in its config/."""
    shutil.copytree(ROOT, place, ignore=_LEFT_OUT)
    (place / "config" / "launchpad.credentials").write_text(f"[1]\n{SECRET}\n")
    return place


def build(checkout: Path, into: Path, *arguments: str) -> None:
    """Build what the arguments say, by themselves an sdist and of that a wheel."""
    python("-m", "build", "--no-isolation", "--outdir", str(into), *arguments, str(checkout))


def python(*arguments: str, cwd: Path | None = None) -> str:
    """What the tests' interpreter prints."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd, env=plain(), capture_output=True, text=True, timeout=BUILD_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def plain(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """This environment without what leads to a checkout, a daemon or another version."""
    wrong = ("PPA", "PYTHONPATH", "SETUPTOOLS_SCM", "SOURCE_DATE_EPOCH", "GIT_", "COV", "PYTEST")
    return {name: value for name, value in os.environ.items() if not name.startswith(wrong)} | dict(more or {})


def installed(wheel: Path, place: Path) -> Path:
    """The command of a new environment that has the wheel; the libraries that it needs are those of the tests."""
    python("-m", "venv", str(place))
    subprocess.run(
        [place / "bin" / "pip", "install", "--quiet", "--no-index", "--no-deps", str(wheel)],
        env=plain(), timeout=BUILD_S, check=True, capture_output=True,
    )  # fmt: skip
    return place / "bin" / "ppa-assigner"


def libraries() -> dict[str, str]:
    """The variable by which a new environment has them; links to a checkout that is installed are not followed."""
    return {"PYTHONPATH": sysconfig.get_path("purelib")}
