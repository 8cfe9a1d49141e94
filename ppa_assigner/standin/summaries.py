"""How the builds of sources stand, for many sources in one answer.

Of each source only those builds are told that make its status: a failed build is not seen while another one waits or
runs, a cancelled one never.
"""

# mypy: disallow-subclassing-any=False
# (lazr.enum ships no types)

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .enums import FAILED_BUILDS, BuildState

if TYPE_CHECKING:
    from .model import BuildLike
    from .publications import PublishingHistory, SourcePackagePublishingHistory

RUNNING = (BuildState.BUILDING, BuildState.GATHERING, BuildState.UPLOADING)
KINDS = (("BUILDING", RUNNING), ("NEEDSBUILD", (BuildState.NEEDSBUILD,)), ("FAILEDTOBUILD", FAILED_BUILDS))
BUILT, UNPUBLISHED = "FULLYBUILT", "FULLYBUILT_PENDING"


class Summaries:
    """The part of an archive that sums up the builds of its sources."""

    sources: list[PublishingHistory]

    def getBuildSummariesForSourceIds(self, source_ids: list[int]) -> dict[str, dict[str, Any]]:
        """By the number of the source's publication: its status, the builds that make it, name and publication."""
        wanted = set(source_ids)
        return {str(source.id): _summary(source) for source in self.sources if source.id in wanted}


def _summary(source: Any) -> dict[str, Any]:
    status, builds = _status(source)
    published = source._date_published
    return {
        "status": status,
        "builds": builds,
        "date_published": published.isoformat() if published else None,
        "source_package_name": source.name,
    }


def _status(source: SourcePackagePublishingHistory) -> tuple[str, list[BuildLike]]:
    builds = source.relevant_builds()
    for kind, states in KINDS:
        found = [build for build in builds if build.buildstate in states]
        if found:
            return kind, found
    built = [build for build in builds if build.buildstate is BuildState.FULLYBUILT]
    published = {id(binary.build) for binary in source.siblings()}
    missing = [build for build in built if id(build) not in published]
    return (UNPUBLISHED, missing) if missing and source.active else (BUILT, built)
