"""Packages that exist, whatever archives they are published in: a source with its files, and what is built from it.

Values only; where they are published and how they come to be is elsewhere. Copies share them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .model import PersonLike

ANY = ("any",)
INDEPENDENT = "all"


@dataclass(frozen=True)
class PackageFile:
    """A file of a package. Of one that a control command named, `content` may be None: only its sum is known."""

    name: str
    size: int
    sha256: str
    content: bytes | None = field(default=None, repr=False, compare=False)

    @property
    def is_orig(self) -> bool:
        """Whether this is an upstream tarball, which an archive shares with its distribution."""
        return ".orig.tar." in self.name or (".orig-" in self.name and ".tar." in self.name)


def with_content(name: str, content: bytes) -> PackageFile:
    """A file with its sum."""
    return PackageFile(name, len(content), hashlib.sha256(content).hexdigest(), content)


def wanted_files(wanted: Iterable[Mapping[str, Any]]) -> tuple[PackageFile, ...]:
    """Files that a control command names: {"name", "sha256", "size"}, or {"name", "content": text}."""
    return tuple(
        with_content(each["name"], each["content"].encode())
        if "content" in each
        else PackageFile(each["name"], int(each.get("size", 0)), each["sha256"])
        for each in wanted
    )


@dataclass(frozen=True)
class WantedBinary:
    """A binary package that a source says it makes, as the `Package-List` of its .dsc does."""

    name: str
    architectures: tuple[str, ...] = ANY
    depends: str = ""

    @property
    def independent(self) -> bool:
        """Whether it is the same for all architectures."""
        return INDEPENDENT in self.architectures

    def built_for(self, tag: str) -> bool:
        """Whether a build for that architecture makes it, if it is not independent."""
        return not self.independent and _names(self.architectures, tag)


@dataclass(frozen=True)
class SourcePackageRelease:
    """A source package. `binaries` is empty when it does not say what it makes: then it makes one of its name."""

    name: str
    version: str
    creator: PersonLike
    files: tuple[PackageFile, ...] = ()
    architectures: tuple[str, ...] = ANY
    binaries: tuple[WantedBinary, ...] = ()

    def makes(self) -> tuple[WantedBinary, ...]:
        """The binaries that its builds make."""
        return self.binaries or (WantedBinary(self.name),)

    def needs_build(self, tag: str, nominated: bool) -> bool:
        """Whether it is built for that architecture; `nominated`: for the one that builds what is independent."""
        return _names(self.architectures, tag) or (nominated and INDEPENDENT in self.architectures)


@dataclass(frozen=True)
class BinaryPackageRelease:
    """A binary package: built once, published wherever it is copied to. `specific`: for one architecture only."""

    name: str
    version: str
    release: SourcePackageRelease
    specific: bool = True
    debug: bool = False
    arch: str = INDEPENDENT
    depends: str = ""


def _names(architectures: tuple[str, ...], tag: str) -> bool:
    return not {"any", "linux-any", tag, f"any-{tag}", f"linux-{tag}"}.isdisjoint(architectures)
