"""What is asked about uploads, on the wire: sources, builds, binaries, indexes, refusals."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from ppa_assigner.launchpad.responses import REDACTED
from ppa_assigner.launchpad.uploads import KEY_LINES
from ppa_assigner.port import Done, Unavailable
from ppa_assigner.publications import (
    BinaryPublication,
    SeriesIndexes,
    SourceBuild,
    SourcePublication,
    TakenSpace,
)
from tests.rawserver import Peer, Request
from tests.rawservice import PPA, fields, service

SINCE = datetime(2026, 11, 25, 3, tzinfo=UTC)
ARCHIVE = "http://h/devel/~ci/+archive/ubuntu/one"
SOURCE: dict[str, Any] = {
    "self_link": f"{ARCHIVE}/+sourcepub/77", "source_package_name": "hello", "source_package_version": "1:1.0",
    "distro_series_link": "http://h/devel/ubuntu/noble", "status": "Pending",
    "date_created": "2026-11-25T03:14:12.5+00:00",
}  # fmt: skip
BINARY: dict[str, Any] = {
    "self_link": f"{ARCHIVE}/+binarypub/78", "binary_package_name": "hello", "binary_package_version": "1:1.0",
    "source_package_name": "hello", "source_package_version": "1:1.0", "status": "Published", "is_debug": False,
    "distro_arch_series_link": "http://h/devel/ubuntu/noble/amd64", "build_link": f"{ARCHIVE}/+build/5",
    "date_published": "2026-11-25T03:20:00+00:00",
}  # fmt: skip
BUILD: dict[str, Any] = {
    "self_link": f"{ARCHIVE}/+build/5", "arch_tag": "amd64", "buildstate": "Dependency wait",
    "build_log_url": "https://lp/log.gz", "dependencies": "libfoo-dev (>= 3)",
}  # fmt: skip


def test_sources_since_a_date() -> None:
    """Of any status; with the number by which their builds are asked for."""
    with service(lambda _, peer: peer.json({"entries": [SOURCE]})) as (server, lp, _):
        created = datetime(2026, 11, 25, 3, 14, 12, 500000, tzinfo=UTC)
        wanted = SourcePublication(77, "hello", "1:1.0", "noble", "Pending", created)
        assert lp.uploads.sources(PPA, SINCE) == (wanted,)
        asked = fields(server.requests[0])
        assert asked["ws.op"] == "getPublishedSources"
        assert asked["created_since_date"] == '"2026-11-25T03:00:00+00:00"'


def test_active_binaries_since_a_date() -> None:
    """With their source, and the build that made them where Launchpad tells it."""
    older = {**BINARY, "build_link": None, "date_published": None, "status": "Pending"}
    gone = {**BINARY, "status": "Deleted"}
    with service(lambda _, peer: peer.json({"entries": [BINARY, gone, older]})) as (_, lp, _entry):
        found = lp.uploads.binaries(PPA, SINCE)
        assert not isinstance(found, Unavailable)
        at = datetime(2026, 11, 25, 3, 20, tzinfo=UTC)
        one = BinaryPublication(
            "hello", "1:1.0", "noble", "amd64", "hello", "1:1.0", "Published", at, f"{ARCHIVE}/+build/5"
        )
        assert found[0] == one
        assert (found[1].build, found[1].published, found[1].is_published) == (None, None, False)
        assert len(found) == 2


def test_builds_of_many_sources() -> None:
    """Numbers as a JSON list, fifty at a time; a source that is not in the answer has no builds."""

    def script(request: Request, peer: Peer) -> None:
        asked = json.loads(fields(request)["source_ids"])
        peer.json({str(number): {"status": "x", "builds": [BUILD]} for number in asked if number % 2})

    with service(script) as (server, lp, _):
        found = lp.uploads.builds(PPA, set(range(60)))
        build = SourceBuild(f"{ARCHIVE}/+build/5", "amd64", "Dependency wait", "https://lp/log.gz", "libfoo-dev (>= 3)")
        assert found == {number: (build,) if number % 2 else () for number in range(60)}
        assert len(server.requests) == 2
        assert lp.uploads.builds(PPA, []) == {}


def test_all_builds_of_one_source() -> None:
    """Asked of its publication."""
    with service(lambda _, peer: peer.json({"entries": [BUILD]})) as (server, lp, _):
        found = lp.uploads.all_builds(PPA, 77)
        assert not isinstance(found, Unavailable)
        assert [one.arch for one in found] == ["amd64"]
        assert "/+archive/ubuntu/one/+sourcepub/77?" in server.requests[0].target
        assert fields(server.requests[0])["ws.op"] == "getBuilds"


@pytest.mark.parametrize("answer", [
    {"entries": [{**SOURCE, "source_package_name": REDACTED}]}, {"entries": [{**SOURCE, "date_created": None}]},
    {"entries": [{**SOURCE, "self_link": f"{ARCHIVE}/+sourcepub/x"}]}, {"77": []}, {"77": {"builds": [1]}},
    {"77": {"builds": [{**BUILD, "buildstate": None}]}}, {"entries": [{**BINARY, "distro_arch_series_link": "noble"}]},
])  # fmt: skip
def test_what_cannot_be_read_is_no_shorter_list(answer: dict[str, Any]) -> None:
    """It would look as if something had not come."""
    with service(lambda _, peer: peer.json(answer)) as (_, lp, _entry):
        kind = str(answer)
        ask = lp.uploads.binaries if "binarypub" in kind else lp.uploads.sources
        found = lp.uploads.builds(PPA, [77]) if "77" in answer else ask(PPA, SINCE)
        assert isinstance(found, Unavailable)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 500, 503])
def test_no_answer_proves_nothing(status: int) -> None:
    """Neither that something is there nor that it is not."""
    with service(lambda _, peer: peer.answer(status)) as (_, lp, _entry):
        assert isinstance(lp.uploads.sources(PPA, SINCE), Unavailable)
        assert isinstance(lp.uploads.builds(PPA, [77]), Unavailable)
        assert isinstance(lp.uploads.binaries(PPA, SINCE), Unavailable)


def test_a_version_that_was_there_before_is_refused() -> None:
    """Before the lease, not since."""
    with service(lambda _, peer: peer.json({"entries": [SOURCE]})) as (_, lp, _entry):
        assert lp.uploads.refusal(PPA, "hello", "1:1.0", SINCE, None) is None
        later = datetime(2026, 11, 25, 4, tzinfo=UTC)
        assert "new version" in str(lp.uploads.refusal(PPA, "hello", "1:1.0", later, None))


def test_a_right_that_is_lacking_is_told() -> None:
    """A refusal is a 403, whose text says why."""

    def script(request: Request, peer: Peer) -> None:
        if "checkUpload" in request.target:
            peer.answer(403, "Signer has no upload rights to this PPA.", Content_Type="text/plain")
        elif "/series" in request.target:
            peer.json({"entries": [{"self_link": "http://h/devel/ubuntu/noble", "status": "Supported"}]})
        else:
            peer.json({"entries": []})

    with service(script) as (server, lp, _):
        assert "no upload rights" in str(lp.uploads.refusal(PPA, "hello", "1", SINCE, "~ann"))
        asked = fields(server.requests[-1])
        assert asked["person"].endswith('/~ann"')
        assert (asked["component"], asked["pocket"]) == ('"main"', "Release")


def full(limit: object = 8192, **sizes: int) -> Callable[[Request, Peer], None]:
    """A PPA with this limit; the file of each publication, by the number in its address, is so large."""

    def script(request: Request, peer: Peer) -> None:
        where, _, query = request.target.partition("?")
        asked, name = fields(request)["ws.op"] if query else None, where.rpartition("/")[2]
        entry = partial(publication, f"http://{request.headers['host']}{where}")
        if asked is None:
            peer.json({"authorized_size": limit, "status": "Active"})
        elif asked == "getPublishedSources":
            peer.json({"entries": [entry("s1"), entry("s2"), entry("s2", "jammy"), entry("s3", removed="2026-11-25")]})
        elif asked == "getPublishedBinaries":
            builds = [
                entry(f"{kind}{arch}", arch, specific=kind == "x") for kind in "ax" for arch in ("amd64", "arm64")
            ]
            peer.json({"entries": builds})
        else:
            shared = {"url": "http://h/shared.orig.tar", "sha256": "f" * 64, "size": 1000}
            peer.json([{"url": f"http://h/+files/{name}", "sha256": "0" * 64, "size": sizes.get(name)}, shared])

    return script


def publication(
    archive: str, name: str, where: str = "noble", *, specific: bool | None = None, removed: str | None = None
) -> dict[str, Any]:
    """One that was deleted, whose files count until it is removed; `specific` of a binary: to its architecture."""
    facts = {"self_link": f"{archive}/+pub/{name}", "status": "Deleted", "date_removed": removed}
    if specific is None:
        series = f"http://h/devel/ubuntu/{where}"
        return {**SOURCE, **facts, "source_package_version": name, "distro_series_link": series}
    place = f"http://h/devel/ubuntu/noble/{where}"
    return {**BINARY, **facts, "architecture_specific": specific, "distro_arch_series_link": place}


def test_how_full_a_ppa_is() -> None:
    """Each file once that is not removed, whatever its publication is; and what is for all architectures once."""
    sizes = {"s1": 1, "s2": 20, "aamd64": 300, "xamd64": 4000, "xarm64": 50000}
    with service(full(**sizes)) as (server, lp, _):
        assert lp.uploads.taken_space(PPA) == TakenSpace(1000 + 54321, 8192)
        assert len(server.requests) == 3 + len(sizes)
        files = [fields(one) for one in server.requests if "FileUrls" in one.target]
        assert {one["include_meta"] for one in files} == {"true"}


@pytest.mark.parametrize("limit", [None, REDACTED])
def test_of_a_ppa_without_a_limit_nothing_more_is_asked(limit: object) -> None:
    """Nor of one whose limit is not shown."""
    with service(full(limit)) as (server, lp, _):
        assert lp.uploads.taken_space(PPA) is None
        assert len(server.requests) == 1


def test_how_full_a_ppa_is_may_not_be_told() -> None:
    """Which is not none."""
    with service(lambda _, peer: peer.answer(503)) as (_, lp, _entry):
        assert isinstance(lp.uploads.taken_space(PPA), Unavailable)


def test_a_retry_is_one_post() -> None:
    """To the build."""
    with service(lambda _, peer: peer.json({})) as (server, lp, _):
        url = f"{server.root}devel/~ci/+archive/ubuntu/one/+build/5"
        assert isinstance(lp.uploads.retry(url, 1e12), Done)
        (request,) = server.requests
        assert (request.method, fields(request)) == ("POST", {"ws.op": "retry"})


# -- indexes ------------------------------------------------------------------------------------------------------

PACKAGES = b"Package: hello\nVersion: 1:1.0\n\nPackage: world\nVersion: 2\n"
MODIFIED = "Wed, 25 Nov 2026 03:00:00 GMT"


class Host:
    """A download host: files by their path below the series, with or without a date."""

    def __init__(self, files: dict[str, bytes], *, dated: bool = True) -> None:
        self.files, self.dated = files, dated

    def __call__(self, request: Request, peer: Peer) -> None:
        name = request.target.partition("/dists/noble/")[2]
        if name not in self.files:
            peer.answer(404)
        elif self.dated and request.headers.get("if-modified-since") == MODIFIED:
            peer.answer(304)
        else:
            head = {"Last_Modified": MODIFIED} if self.dated else {}
            peer.answer(200, self.files[name], **head)


def released(**packages: bytes) -> dict[str, bytes]:
    """The files of a series with these indexes, by architecture."""
    files = {f"main/binary-{arch}/Packages.gz": gzip.compress(text, mtime=0) for arch, text in packages.items()}
    sums = "".join(f" {hashlib.sha256(data).hexdigest()} {len(data)} {name}\n" for name, data in files.items())
    return {"Release": f"Suite: noble\nSHA256:\n{sums}".encode(), **files}


HELLO = ("hello", "1:1.0")


def test_an_index_is_downloaded_when_it_changed_and_not_before() -> None:
    """Then one request for the Release file is all."""
    host = Host(released(amd64=PACKAGES, arm64=b""))
    with service(host) as (server, lp, _):
        first = lp.uploads.indexes(PPA, "noble", ["amd64", "arm64"], SeriesIndexes())
        assert isinstance(first, SeriesIndexes)
        assert HELLO in first.packages["amd64"]
        assert first.packages["arm64"] == frozenset()
        asked = len(server.requests)
        assert lp.uploads.indexes(PPA, "noble", ["amd64"], first) is first
        assert len(server.requests) == asked + 1
        assert server.requests[-1].headers["if-modified-since"] == MODIFIED
        host.dated = False  # what changed is told by the sums
        host.files = released(amd64=PACKAGES, arm64=PACKAGES)
        second = lp.uploads.indexes(PPA, "noble", ["amd64", "arm64"], first)
        assert isinstance(second, SeriesIndexes)
        assert HELLO in second.packages["arm64"]
        assert [request.target.rpartition("/noble/")[2] for request in server.requests[asked + 1 :]] == [
            "Release", "main/binary-arm64/Packages.gz",
        ]  # fmt: skip


def test_an_architecture_that_was_not_read_yet_is_read() -> None:
    """Though the Release file is the same."""
    with service(Host(released(amd64=PACKAGES, arm64=PACKAGES))) as (_, lp, _entry):
        first = lp.uploads.indexes(PPA, "noble", ["amd64"], SeriesIndexes())
        assert isinstance(first, SeriesIndexes)
        second = lp.uploads.indexes(PPA, "noble", ["amd64", "arm64"], first)
        assert isinstance(second, SeriesIndexes)
        assert HELLO in second.packages["arm64"]


def test_an_index_that_does_not_fit_its_release_file_is_not_believed() -> None:
    """apt would not take it either: it is being published."""
    files = released(amd64=PACKAGES)
    files["main/binary-amd64/Packages.gz"] = gzip.compress(PACKAGES + b"\nPackage: x\nVersion: 1\n", mtime=0)
    with service(Host(files)) as (_, lp, _entry):
        assert isinstance(lp.uploads.indexes(PPA, "noble", ["amd64"], SeriesIndexes()), Unavailable)


@pytest.mark.parametrize("dated", [True, False])
def test_a_host_without_release_files_is_read_too(dated: bool) -> None:
    """And a PPA that has no index yet has nothing in it."""
    host = Host({}, dated=dated)
    with service(host) as (server, lp, _):
        empty = lp.uploads.indexes(PPA, "noble", ["amd64"], SeriesIndexes())
        assert empty == SeriesIndexes({"amd64": frozenset()})
        host.files = {"main/binary-amd64/Packages": PACKAGES}
        found = lp.uploads.indexes(PPA, "noble", ["amd64"], SeriesIndexes())
        assert isinstance(found, SeriesIndexes)
        assert found.packages == {"amd64": frozenset({HELLO, ("world", "2")})}
        assert lp.uploads.indexes(PPA, "noble", ["amd64"], found) == found
        assert ("if-modified-since" in server.requests[-1].headers) is dated


@pytest.mark.parametrize(("answer", "told"), [
    (json.dumps(f"{KEY_LINES[0]}\n\nxsBN\r\n{KEY_LINES[1]}"), f"{KEY_LINES[0]}\n\nxsBN\n{KEY_LINES[1]}\n"),
    ("null", None), ('""', None), ('{"key": 1}', Unavailable), ("no JSON", Unavailable),
    (json.dumps(f"{KEY_LINES[0]}\n\x1b[31m\n{KEY_LINES[1]}"), Unavailable),
    (json.dumps("Suites: others"), Unavailable),
])  # fmt: skip
def test_a_key_is_a_key_and_nothing_else(answer: str, told: object) -> None:
    """What it is written into is read by apt, and shown on terminals."""
    with service(lambda _, peer: peer.answer(200, answer, Content_Type="application/json")) as (server, lp, _):
        found = lp.uploads.signing_key(PPA)
        assert isinstance(found, Unavailable) if told is Unavailable else found == told
        assert fields(server.requests[0])["ws.op"] == "getSigningKeyData"


def test_a_key_that_is_not_told_is_not_none() -> None:
    """A refusal says nothing of whether there is one."""
    with service(lambda _, peer: peer.answer(401)) as (_, lp, _entry):
        assert isinstance(lp.uploads.signing_key(PPA), Unavailable)
