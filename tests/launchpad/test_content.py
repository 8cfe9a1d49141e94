"""What is on its way into a PPA: looked for wherever it may be, and one wrong answer hides nothing."""

from __future__ import annotations

from typing import Any

import pytest

from ppa_assigner.port import Content
from tests.rawserver import Peer, Request
from tests.rawservice import fields, service

ACTIVE = {"self_link": "http://h/active", "title": "a publication or a build"}
UPLOAD = {"display_name": "hello", "display_version": "1.0", "status": "Accepted"}


class Queues:
    """A service with a series in use and an obsolete one, where an upload waits; `wrong` answers are 404 first."""

    def __init__(
        self, *, ever: list[str], more: bool = False, wrong: str | None = None, active: str | None = None
    ) -> None:
        self.ever, self.more, self.wrong, self.active = ever, more, wrong, active
        self.asked: list[str] = []

    def __call__(self, request: Request, peer: Peer) -> None:
        path = request.target.split("?")[0]
        if self.wrong is not None and self.wrong in request.target:
            self.wrong = None
            return peer.answer(404)
        if path.endswith("/series"):
            names = {"noble": "Current Stable Release", "warty": "Obsolete"}
            return self._entries(peer, [{"self_link": self._series(request, n), "status": s} for n, s in names.items()])
        if fields(request).get("ws.op") == "getPackageUploads":
            self.asked.append(path.rpartition("/")[2])
            return self._entries(peer, [UPLOAD] if path.endswith("warty") else [])
        if fields(request).get("ws.op") == "getPublishedSources" and "status" not in fields(request):
            found: dict[str, Any] = {"entries": [{"distro_series_link": self._series(request, n)} for n in self.ever]}
            return peer.json(found | ({"next_collection_link": "more"} if self.more else {}))
        if fields(request).get("ws.op") == "getBuildCounters":
            return peer.json({"pending": int(self.active == "getBuildRecords")})
        return self._entries(peer, [ACTIVE] if fields(request).get("ws.op") == self.active else [])

    def _series(self, request: Request, name: str) -> str:
        return f"http://{request.headers['host']}/devel/ubuntu/{name}"

    def _entries(self, peer: Peer, found: list[dict[str, Any]]) -> None:
        return peer.json({"entries": found})


@pytest.mark.parametrize(
    ("queues", "asked"),
    [
        (Queues(ever=[]), ["noble"]),
        (Queues(ever=["noble"]), ["noble"]),
        (Queues(ever=["noble", "warty"]), ["noble", "warty"]),
        (Queues(ever=[], more=True), ["noble", "warty"]),
    ],
)
def test_obsolete_series_are_asked_where_the_ppa_ever_had_a_source(queues: Queues, asked: list[str]) -> None:
    """Its accepted upload stays though the source was deleted; where it never had one, nothing can wait."""
    with service(queues) as (_, lp, entry):
        content = lp.content(entry)
    assert isinstance(content, Content)
    assert queues.asked == asked
    assert bool(content.uploads) is ("warty" in asked)


@pytest.mark.parametrize(
    ("active", "asked"),
    [
        ("getPublishedSources", []),
        ("getBuildRecords", []),
        ("getPublishedBinaries", ["noble", "warty"]),
        (None, ["noble", "warty"]),
    ],
)
def test_uploads_are_not_asked_for_where_something_else_has_to_go_first(active: str | None, asked: list[str]) -> None:
    """Nothing can be done about them meanwhile, and they take a request for each series; people are shown all."""
    for whole in (False, True):
        queues = Queues(ever=["warty"], active=active)
        with service(queues) as (_, lp, entry):
            content = lp.content(entry, whole)
        assert isinstance(content, Content)
        assert queues.asked == (["noble", "warty"] if whole else asked)
        assert bool(content.uploads) is ("warty" in queues.asked)
        assert not content.empty


@pytest.mark.parametrize("wrong", ["/series", "getPackageUploads"])
def test_one_wrong_404_hides_no_upload(wrong: str) -> None:
    """Absence proves nothing: it is asked for again."""
    with service(Queues(ever=["warty"], wrong=wrong)) as (_, lp, entry):
        content = lp.content(entry)
    assert isinstance(content, Content)
    assert content.uploads
