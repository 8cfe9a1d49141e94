"""Builds wheel and sdist, by hatchling: to what it does by itself come the version and the manual.  With
PPA_ASSIGNER_BUILD_MANUAL=no there is no manual, and nothing of the program is needed.

Rule: an editable install needs nothing of this but hatchling; what is built of the same commit is the same, byte for
byte.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from hatchling import build as _hatchling
from hatchling.build import *  # noqa: F403 - a backend is all of these functions
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

VERSION_FILE = "ppa_assigner/version.py"
_MANUAL = os.environ.get("PPA_ASSIGNER_BUILD_MANUAL") != "no"
_WRITE_MANUAL = """\
import pathlib, sys
sys.path.insert(0, sys.argv[1])
import ppa_assigner
ppa_assigner.__version__ = sys.argv[2]
from ppa_assigner.cli import manual
manual.write(pathlib.Path(sys.argv[3]))
"""


def get_requires_for_build_wheel(config_settings: dict[str, Any] | None = None) -> list[str]:
    """With the manual the program's own dependencies too: it is made of its commands."""
    if not _MANUAL:
        return _hatchling.get_requires_for_build_wheel(config_settings)
    project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [*_hatchling.get_requires_for_build_wheel(config_settings), *project["dependencies"]]


class BuildHook(BuildHookInterface):  # type: ignore[type-arg,misc,unused-ignore]
    """Adds the generated files, which are gone after the build."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before it collects the files; an editable install has those of the checkout."""
        if version == "editable":
            return
        self._folder = Path(tempfile.mkdtemp(prefix="ppa-assigner-build-"))
        build_data["force_include"][str(self._version_file())] = VERSION_FILE
        if self.target_name == "wheel" and _MANUAL:
            for page in self._manual():
                build_data["shared_data"][str(page)] = f"share/man/man1/{page.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002 - hatchling's
        """Called by hatchling when the artifact is written."""
        if version != "editable":
            shutil.rmtree(self._folder)

    def _version_file(self) -> Path:
        """The module with the version that the package is given."""
        lines = (Path(self.root) / VERSION_FILE).read_text(encoding="utf-8").splitlines()
        told = [f'VERSION = "{self.metadata.version}"' if line.startswith("VERSION = ") else line for line in lines]
        file = self._folder / "version.py"
        file.write_text("\n".join(told) + "\n", encoding="utf-8")
        return file

    def _manual(self) -> list[Path]:
        """The manual pages, made by the program itself."""
        folder = self._folder / "man"
        arguments = [self.root, self.metadata.version, str(folder)]
        subprocess.run([sys.executable, "-c", _WRITE_MANUAL, *arguments], check=True)  # noqa: S603 - words of our own
        return sorted(folder.iterdir())
