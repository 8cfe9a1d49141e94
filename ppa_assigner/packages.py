"""Source packages as an upload brings them: names, versions, and the files that Launchpad compares by name.

Rule: plain values; what Launchpad makes of them is in docs/explanation/launchpad.md#burnt-versions.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NamedFile:
    """A file of a source package; `sha256` in lower-case hexadecimal."""

    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class SourcePackage:
    """A version of a source package that is about to be uploaded.  Without `files` nothing is known of them."""

    name: str
    version: str
    series: str | None = None
    files: tuple[NamedFile, ...] = ()

    def __str__(self) -> str:
        return f"{self.name} {self.version}"

    @property
    def identity(self) -> tuple[str, str]:
        """Name and version."""
        return self.name, self.version

    @property
    def upstream(self) -> str:
        """The part of the version that its upstream tarballs have in their names."""
        return upstream_of(self.version)

    @property
    def origs(self) -> tuple[NamedFile, ...]:
        """The upstream tarballs, with their signatures, which all revisions of one upstream version share."""
        orig = re.compile(rf"{re.escape(f'{self.name}_{self.upstream}')}\.orig(-[A-Za-z0-9-]+)?\.tar\.[A-Za-z0-9.]+")
        return tuple(file for file in self.files if orig.fullmatch(file.name))

    def conflict(self, others: tuple[NamedFile, ...]) -> NamedFile | None:
        """The first of its files that has the name of one of these and other content."""
        sums = {file.name: file.sha256 for file in others}
        return next((file for file in self.files if sums.get(file.name, file.sha256) != file.sha256), None)


def upstream_of(version: str) -> str:
    """A version without its epoch and its Debian revision, neither of which upstream tarballs have in their names."""
    whole = version.partition(":")[2] if ":" in version else version
    return whole.rpartition("-")[0] if "-" in whole else whole
