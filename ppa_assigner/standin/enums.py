"""The closed lists of words that Launchpad's web service uses. A title is what travels on the wire.

Nothing here knows what the words mean for anybody; the order is the one in which the service description lists them.
"""

# mypy: disallow-subclassing-any=False
# (lazr.enum ships no types)

from typing import Any

from lazr.enum import EnumeratedType, Item


class PublishingStatus(EnumeratedType):
    """The status of a publication."""

    PENDING = Item("Pending")
    PUBLISHED = Item("Published")
    SUPERSEDED = Item("Superseded")
    DELETED = Item("Deleted")
    OBSOLETE = Item("Obsolete")


class Pocket(EnumeratedType):
    """Part of a series; PPAs know only Release."""

    RELEASE = Item("Release")
    SECURITY = Item("Security")
    UPDATES = Item("Updates")
    PROPOSED = Item("Proposed")
    BACKPORTS = Item("Backports")


class BuildState(EnumeratedType):
    """The state of a build."""

    NEEDSBUILD = Item("Needs building")
    FULLYBUILT = Item("Successfully built")
    FAILEDTOBUILD = Item("Failed to build")
    MANUALDEPWAIT = Item("Dependency wait")
    CHROOTWAIT = Item("Chroot problem")
    SUPERSEDED = Item("Build for superseded Source")
    BUILDING = Item("Currently building")
    FAILEDTOUPLOAD = Item("Failed to upload")
    UPLOADING = Item("Uploading build")
    CANCELLING = Item("Cancelling build")
    CANCELLED = Item("Cancelled build")
    GATHERING = Item("Gathering build output")


class UploadStatus(EnumeratedType):
    """The status of an upload in the queue."""

    NEW = Item("New")
    UNAPPROVED = Item("Unapproved")
    ACCEPTED = Item("Accepted")
    DONE = Item("Done")
    REJECTED = Item("Rejected")


class PublishingMethod(EnumeratedType):
    """Where an archive is published to."""

    LOCAL = Item("Local")
    ARTIFACTORY = Item("Artifactory")


class RepositoryFormat(EnumeratedType):
    """The kind of packages in an archive."""

    DEBIAN = Item("Debian")
    PYTHON = Item("Python")
    CONDA = Item("Conda")
    GO_PROXY = Item("Go")
    GENERIC = Item("Generic")
    RUST = Item("Rust")


class SeriesStatus(EnumeratedType):
    """The status of a series."""

    EXPERIMENTAL = Item("Experimental")
    DEVELOPMENT = Item("Active Development")
    FROZEN = Item("Pre-release Freeze")
    CURRENT = Item("Current Stable Release")
    SUPPORTED = Item("Supported")
    OBSOLETE = Item("Obsolete")
    FUTURE = Item("Future")


class Visibility(EnumeratedType):
    """Who may see a person or team."""

    PUBLIC = Item("Public")
    PRIVATE = Item("Private")


ACTIVE = (PublishingStatus.PENDING, PublishingStatus.PUBLISHED)
WAITING_BUILDS = (BuildState.NEEDSBUILD, BuildState.BUILDING, BuildState.GATHERING, BuildState.UPLOADING)
UNFINISHED_BUILDS = (*WAITING_BUILDS, BuildState.CANCELLING)
FAILED_BUILDS = (BuildState.FAILEDTOBUILD, BuildState.MANUALDEPWAIT, BuildState.CHROOTWAIT, BuildState.FAILEDTOUPLOAD)


def by_title(words: Any, title: str) -> Any:
    """The item of an enumeration that has this title; KeyError when there is none."""
    for item in words.items:
        if item.title == title:
            return item
    raise KeyError(f"{title!r} is none of {[item.title for item in words.items]}")
