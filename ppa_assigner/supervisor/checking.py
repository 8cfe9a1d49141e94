"""What is known of an upload before it is made that concerns no single PPA: series, component, upstream tarballs.

Rule: read from Launchpad by the threads of `inquiries`; what each PPA had, `upload_checks` asks.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..packages import SourcePackage
from ..views import SourceCheck, UploadCheck
from .archives import Archives
from .inquiry import Inquiry, go_on, known
from .origs import DISTRIBUTION, Origs


class Checking:
    """Without `archives` neither series nor component are known."""

    def __init__(self, origs: Origs, archives: Archives | None) -> None:
        self._origs, self._primary = origs, archives.primary if archives is not None else None

    def facts(self, sources: Iterable[SourcePackage], call: Inquiry[UploadCheck]) -> tuple[SourceCheck, ...]:
        """What is known of each.  Raises Problem."""
        return tuple([self._fact(source, call) for source in sources])

    def _fact(self, source: SourcePackage, call: Inquiry[UploadCheck]) -> SourceCheck:
        go_on(call)
        takes_uploads = component = None
        if self._primary is not None and source.series is not None:
            series = known(self._primary.series(DISTRIBUTION))
            takes_uploads = series.get(source.series, False) if series else None
            if takes_uploads:
                component = known(self._primary.component(DISTRIBUTION, source.name, source.series))
        return SourceCheck(source, takes_uploads, component, self._origs.conflict(source), {})
