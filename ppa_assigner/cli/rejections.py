"""Why an upload that did not appear must have been rejected, as far as its .changes file tells.

Rule: only what is certain is told: a series that takes no uploads, a version or file that the PPA had, an upstream
tarball that the distribution has with other content.  What cannot be asked now is not told.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ..client.errors import AssignerError

if TYPE_CHECKING:
    from ..client import Client, Source, Uploads


def with_rejections(client: Client, lease: str, report: Uploads, sources: Sequence[Source]) -> Uploads:
    """The report, in which what counts as lost is rejected where these sources say why."""
    lost = {(one["name"], one["version"]) for one in report["sources"] if one["state"] == "lost"}
    asked = [one for one in sources if (one["name"], one["version"]) in lost and one.get("series")]
    reasons: dict[tuple[str, str], str] = {}
    if asked:
        with suppress(AssignerError):
            reasons = _reasons(client, lease, asked)
    if not reasons:
        return report
    (name, version), reason = next(iter(reasons.items()))
    told = [
        {**one, "state": "rejected"} if (one["name"], one["version"]) in reasons else one for one in report["sources"]
    ]
    return {**report, "why": f"{name} {version} was rejected: {reason}", "sources": told}  # type: ignore[typeddict-item]


def _reasons(client: Client, lease: str, sources: Sequence[Source]) -> dict[tuple[str, str], str]:
    found = client.get_lease(lease)
    checks = client.check_upload(sources, pool=found["pool"])["sources"]
    reasons = {(one["name"], one["version"]): _reason(one, found["ppa"]) for one in checks}
    return {source: reason for source, reason in reasons.items() if reason is not None}


def _reason(check: Any, ppa: str) -> str | None:
    if check["known"] is False:
        return f"no series {check['series']} takes uploads"
    if orig := check["orig"]:
        return f"{orig['file']} differs from the distribution's, which is at {orig['url']}"
    had = check["burnt"].get(ppa)
    return f"{ppa} had {had}" if had else None
