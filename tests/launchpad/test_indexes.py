"""Package indexes, read where and as apt reads them."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import time
import tracemalloc
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from ppa_assigner.launchpad.content import Series
from ppa_assigner.launchpad.http import Timeouts
from ppa_assigner.launchpad.indexes import MAX_INDEX_BYTES, Indexes, IndexReader, listed_files
from ppa_assigner.launchpad.responses import UnreadableResponseError
from ppa_assigner.port import Content, Done, Entry, Leftovers, Unavailable
from ppa_assigner.reference import Reference
from ppa_assigner.times import boottime
from tests.apart import logged_in, standin_apart
from tests.rawserver import Peer, RawServer, Request, Script
from tests.rawservice import DATE, PPA, service

BASE = "/apt/ci/one/ubuntu/dists/"
SOURCES = b"Package: foo\nBinary: foo\nVersion: 1:2-3\nFiles:\n 0123 12 foo.dsc\n\nPackage: bar\nVersion: 1\n\n"
PACKAGES = b"Package: foo\nVersion: 1:2-3\nDescription: a foo\n with more to say:\n .\n than this\n\n"
RELEASE = "Origin: LP-PPA-ci-one\nSuite: noble\nComponents: main\n"
PACKED: dict[str, Callable[[bytes], bytes]] = {"": bytes, ".gz": gzip.compress, ".xz": lzma.compress}

Kept = Mapping[str, bytes]


def release(kept: Kept, *also: str) -> bytes:
    """A Release file that lists these, as Launchpad lists also the plain ones that it does not keep."""
    lines = [f" {hashlib.sha256(data).hexdigest()} {len(data):>16} {name}" for name, data in kept.items()]
    return "\n".join([RELEASE + "SHA256:", *lines, *also, ""]).encode()


def packed(kept: Kept, *packings: str) -> dict[str, bytes]:
    """The same indexes in these packings."""
    return {name + packing: PACKED[packing](data) for name, data in kept.items() for packing in packings}


def published(series: str, kept: Kept) -> dict[str, bytes]:
    """A series as Launchpad publishes it: packed in two ways, listed in three."""
    everything = {**kept, **packed(kept, ".gz", ".xz")}
    found = {name: data for name, data in everything.items() if name not in kept}
    return {f"{BASE}{series}/{name}": data for name, data in {**found, "Release": release(everything)}.items()}


def host(kept: Kept, series: tuple[str, ...] = ("noble", "jammy"), obsolete: tuple[str, ...] = ()) -> Script:
    """A service with these series for amd64 and arm64, and a download host that has these files."""

    def script(request: Request, peer: Peer) -> None:
        root = f"http://{request.headers['host']}/devel/ubuntu"
        if request.target.startswith("/devel/ubuntu/series"):
            state = {True: "Obsolete", False: "Supported"}
            found = [{"self_link": f"{root}/{name}", "status": state[name in obsolete]} for name in series]
            return peer.json({"entries": found})
        if "/architectures" in request.target:
            return peer.json({"entries": [{"architecture_tag": "amd64"}, {"architecture_tag": "arm64"}]})
        if request.target in kept:
            return peer.answer(200, kept[request.target])
        return peer.answer(404, "nothing here")

    return script


def asked(server: RawServer) -> list[str]:
    """What the download host was asked for."""
    return [request.target.removeprefix(BASE) for request in server.requests if request.target.startswith("/apt/")]


def test_published_packages_are_counted() -> None:
    """Over all indexes that the Release file lists, each asked for in its smallest form only."""
    kept = published("noble", {"main/source/Sources": SOURCES, "main/binary-amd64/Packages": PACKAGES})
    with service(host(kept)) as (server, lp, _):
        found = lp.index_leftovers(PPA)
        assert isinstance(found, Leftovers)
        assert (found.count, found.moment.date) == (3, DATE)
        assert found.example == "foo 1:2-3 in noble/main/binary-amd64/Packages"
        wanted = ["noble/Release", "noble/main/binary-amd64/Packages.xz", "noble/main/source/Sources.xz"]
        assert sorted(asked(server)) == sorted([*wanted, "jammy/Release", *unlisted("jammy")])


def unlisted(series: str) -> list[str]:
    """What shows that a series without a Release file has nothing."""
    return [f"{series}/main/source/Sources{packing}" for packing in ("", ".gz", ".xz")]


def test_debug_symbols_and_installer_packages_count() -> None:
    """Wherever in the archive an index is."""
    kept = published("noble", {"main/debug/binary-amd64/Packages": PACKAGES, "main/i18n/Translation-en": SOURCES})
    with service(host(kept, ("noble",))) as (_, lp, _entry):
        found = lp.index_leftovers(PPA)
        assert isinstance(found, Leftovers)
        assert (found.count, found.example) == (1, "foo 1:2-3 in noble/main/debug/binary-amd64/Packages")


def test_an_empty_ppa_is_one_request_a_series() -> None:
    """Its Release files say that the indexes have no bytes."""
    empty = {"main/source/Sources": b"", "main/binary-amd64/Packages": b""}
    with service(host({**published("noble", empty), **published("jammy", empty)})) as (server, lp, _):
        found = lp.index_leftovers(PPA)
        assert isinstance(found, Leftovers)
        assert (found.count, found.example) == (0, None)
        assert asked(server) == ["noble/Release", "jammy/Release"]


def test_a_ppa_that_was_never_published() -> None:
    """404 of everything; an obsolete series, of which there are many, costs one request."""
    with service(host({}, ("noble", "jammy", "hoary"), obsolete=("hoary", "jammy"))) as (server, lp, _):
        found = lp.index_leftovers(PPA)
        assert isinstance(found, Leftovers)
        assert found.count == 0
        assert asked(server) == ["noble/Release", *unlisted("noble"), "jammy/Release", "hoary/Release"]


def test_the_series_are_asked_for_once() -> None:
    """Which there are changes twice a year."""
    with service(host({})) as (server, lp, _):
        assert isinstance(lp.index_leftovers(PPA), Leftovers)
        assert isinstance(lp.index_leftovers(Reference("ci", "ubuntu", "two")), Leftovers)
        assert sum(request.target.startswith("/devel/") for request in server.requests) == 1


@pytest.mark.parametrize("packing", ["", ".gz", ".xz"])
def test_a_host_without_release_files(packing: str) -> None:
    """Sources, then Packages of the series' architectures, however packed."""
    kept = packed({"main/source/Sources": b"", "main/binary-arm64/Packages": PACKAGES}, packing)
    with service(host({f"{BASE}noble/{name}": data for name, data in kept.items()}, ("noble",))) as (_, lp, _entry):
        found = lp.index_leftovers(PPA)
        assert isinstance(found, Leftovers)
        assert (found.count, found.example) == (1, "foo 1:2-3 in noble/main/binary-arm64/Packages")


def test_nothing_of_ours_goes_to_the_download_host() -> None:
    """No signature; and nothing between may answer from what it kept."""
    with service(host({})) as (server, lp, _):
        assert isinstance(lp.index_leftovers(PPA), Leftovers)
        for request in server.requests:
            plain = request.target.startswith("/apt/")
            assert ("authorization" in request.headers) is not plain
            if plain:
                assert request.method == "GET"
                assert request.headers["cache-control"] == "no-cache"
                assert "cookie" not in request.headers


GOOD = {"main/source/Sources": SOURCES}


@pytest.mark.parametrize(
    "kept",
    [
        {"Release": b"<html>Log in to this network</html>"},
        {"Release": b""},
        {"Release": RELEASE.encode()},
        {"Release": release({}, " abc twelve main/source/Sources")},
        {"Release": release(GOOD)},
        {"Release": release(GOOD), "main/source/Sources": SOURCES[:-20]},
        {"Release": release(GOOD), "main/source/Sources": SOURCES.replace(b"foo", b"fox")},
        {"Release": release(packed(GOOD, ".gz")), "main/source/Sources.gz": gzip.compress(SOURCES)[:-9]},
        {"main/source/Sources": b"<html>Log in to this network</html>"},
        {"main/source/Sources": b"Package: foo\n\n"},
        {"main/source/Sources": b"Version: 1\n\n"},
        {"main/source/Sources.gz": gzip.compress(SOURCES)[:-9]},
        {"main/source/Sources.gz": gzip.compress(SOURCES)[:10] + b"\xff" * 9},
        {"main/source/Sources.xz": lzma.compress(SOURCES)[:-9]},
        {"main/source/Sources.xz": lzma.compress(SOURCES)[:12] + b"\xff" * 40},
        {"main/source/Sources": b"Package: \xff\xfe\nVer"},
    ],
)
def test_what_cannot_be_understood_proves_nothing(kept: Kept) -> None:
    """Whether it was cut short, is being replaced, is stale or comes from somebody else."""
    with service(host({f"{BASE}noble/{name}": data for name, data in kept.items()}, ("noble",))) as (_, lp, _entry):
        assert isinstance(lp.index_leftovers(PPA), Unavailable)


@pytest.mark.parametrize("status", [301, 400, 401, 403, 429, 500, 503])
@pytest.mark.parametrize("path", ["noble/Release", "noble/main/source/Sources.gz", "noble/main/binary-amd64/Packages"])
def test_only_404_means_that_there_is_no_index(status: int, path: str) -> None:
    """Any other answer is none; nothing is asked twice, or elsewhere."""
    there = host({f"{BASE}noble/main/source/Sources.gz": gzip.compress(b"")}, ("noble",))

    def script(request: Request, peer: Peer) -> None:
        if request.target == BASE + path:
            return peer.answer(status, Location=f"{BASE}jammy/Release", Retry_After="7")
        return there(request, peer)

    with service(script) as (server, lp, _):
        answer = lp.index_leftovers(PPA)
        assert isinstance(answer, Unavailable)
        assert asked(server).count(path) == 1
        assert asked(server)[-1] == path


def test_no_series_is_no_proof() -> None:
    """A service that does not say which there are leaves nothing to look at."""
    with service(lambda request, peer: peer.answer(404)) as (_, lp, _entry):
        assert isinstance(lp.index_leftovers(PPA), Unavailable)


def test_a_reading_ends_at_the_total() -> None:
    """All requests of one call share its deadline."""
    there = host({}, tuple(f"s{number}" for number in range(100)), tuple(f"s{number}" for number in range(100)))

    def script(request: Request, peer: Peer) -> None:
        if request.target.startswith("/apt/"):
            peer.released.wait(0.3)
        there(request, peer)

    with service(script, Timeouts(1, 1, 0.6)) as (_, lp, _entry):
        begun = time.monotonic()
        assert isinstance(lp.index_leftovers(PPA), Unavailable)
        assert time.monotonic() - begun < 8


def test_a_proxy_is_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    """The download host is asked through the proxy that the environment names."""

    def proxy(request: Request, peer: Peer) -> None:
        peer.answer(404)

    with RawServer(proxy) as server:
        monkeypatch.setenv("http_proxy", server.root)
        monkeypatch.delenv("no_proxy", raising=False)
        indexes = Indexes("http://ppa.example.org", Timeouts(5, 10, 20), boottime)
        series = [Series("http://h/devel/ubuntu/noble", obsolete=False)]
        assert indexes.leftovers(PPA, series, lambda series: (), time.monotonic() + 20).count == 0
        indexes.close()
        assert server.requests[0].target == "http://ppa.example.org/ci/one/ubuntu/dists/noble/Release"


@pytest.mark.parametrize("root", ["ftp://h/", "nonsense", "http://u:p@h/", "http://h/?x"])
def test_roots_that_cannot_be_used(root: str) -> None:
    """Said at the start."""
    with pytest.raises(ValueError, match="package indexes"):
        Indexes(root, Timeouts(), boottime)


def counted(index: bytes, piece: int = 7) -> IndexReader:
    """What is in this index, that comes in such pieces."""
    reader = IndexReader("x")
    for start in range(0, len(index), piece):
        reader.feed(index[start : start + piece])
    reader.finish()
    return reader


@pytest.mark.parametrize("piece", [1, 7, 10_000])
def test_an_index_is_unpacked_by_what_it_is(piece: int) -> None:
    """Some servers unpack on the way what is called `.gz`; several pieces in one are one; padding is nothing."""
    for pack in PACKED.values():
        assert (counted(pack(SOURCES), piece).count, counted(pack(SOURCES), piece).example) == (2, "foo 1:2-3")
        assert counted(pack(SOURCES) + pack(SOURCES), piece).count == 4
    assert counted(gzip.compress(SOURCES) + b"\0" * 512, piece).count == 2
    assert counted(b"\n\n", piece).count == counted(b"", piece).count == 0


ALMOST_MEBIBYTE = (b"Package: p\nVersion: 1\n " + b"x" * 65_000 + b"\n\n") * 16
"""Of an index in which nothing is wrong but its size."""
BROKEN = {
    "cut short": gzip.compress(SOURCES)[:-9],
    "xz cut short": lzma.compress(SOURCES)[:-9],
    "garbage behind": gzip.compress(SOURCES) + b"x" * 99,
    "garbage": b"\x1f\x8bgarbage",
    "garbage of xz": b"\xfd7zXZ\x00garbage",
    "a page for people": b"<html>\n<body>\n\n</body></html>",
    "a package without a version": b"Package: foo\n\nPackage: bar\nVersion: 1\n",
    "a paragraph without end": b"Package: foo\n" + b" x\n" * 400_000,
    "a bomb": gzip.compress(ALMOST_MEBIBYTE) * (MAX_INDEX_BYTES // len(ALMOST_MEBIBYTE) + 1),
    "a bomb of xz": lzma.compress(ALMOST_MEBIBYTE) * (MAX_INDEX_BYTES // len(ALMOST_MEBIBYTE) + 1),
}


@pytest.mark.parametrize("index", BROKEN.values(), ids=BROKEN)
def test_what_is_no_whole_index_proves_nothing(index: bytes) -> None:
    """Neither cut short, nor without end, nor something else."""
    with pytest.raises(UnreadableResponseError):
        counted(index, 16_384)


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_what_is_a_bomb_when_there_is_too_much_of_it_is_an_index(pack: Callable[[bytes], bytes]) -> None:
    """So that only its size is what is refused: each of its parts is read once, also two that come in one piece."""
    assert counted(pack(ALMOST_MEBIBYTE) * 2, 16_384).count == 32


def test_a_large_index_is_read_in_little_memory_and_holds_up_nobody() -> None:
    """Ten thousand packages: it is counted as it comes, never kept."""
    paragraph = b"Package: p%d\nVersion: 1\n" + b" more\n" * 100
    packed = gzip.compress(b"\n\n".join(paragraph % number for number in range(20_000)))
    tracemalloc.start()
    try:
        began = time.process_time()
        assert counted(packed, 16_384).count == 20_000
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
        assert time.process_time() - began < 10.0
    finally:
        tracemalloc.stop()


def test_release_files() -> None:
    """Sizes and sums by name; one without a list is none."""
    assert listed_files(release({"a": b"x"}))["a"].size == 1
    with pytest.raises(UnreadableResponseError):
        listed_files(RELEASE.encode())


def test_the_index_lags_behind_the_service(tmp_path: Path) -> None:
    """With the stand-in: what was deleted is in the index until the publisher ran, and on the disk until the death row
    did; the version is remembered for ever.
    """
    ppa = Reference("ci-pool", "ubuntu", "pool-001")
    with standin_apart("--owner", "ci-pool", "--ppas", "1") as standin:
        file = tmp_path / "credentials"
        file.write_text(standin.credentials())
        lp = logged_in(standin.service_root, file, tmp_path, archive_root=standin.service_root)
        entry = lp.read(ppa)
        assert isinstance(entry, Entry)
        assert (
            count(lp.index_leftovers(ppa)),
            count(lp.disk_leftovers(entry)),
            lp.was_published(entry, "foo", "1"),
        ) == (0, 0, False)
        standin.control.upload(str(ppa), "foo", "1", binaries=[{"name": "foo"}])
        standin.control.run("publisher")
        content = lp.content(entry)
        assert isinstance(content, Content)
        assert isinstance(lp.delete(content.sources[0], "over", boottime() + 10), Done)
        both = len(content.sources) + len(content.binaries)
        assert (
            count(lp.index_leftovers(ppa)),
            count(lp.disk_leftovers(entry)),
            lp.was_published(entry, "foo", "1"),
        ) == (both, 1, True)
        standin.control.run("publisher")
        assert (
            count(lp.index_leftovers(ppa)),
            count(lp.disk_leftovers(entry)),
            lp.was_published(entry, "foo", "1"),
        ) == (0, 1, True)
        standin.control.run("death_row")
        assert (count(lp.disk_leftovers(entry)), lp.was_published(entry, "foo", "1")) == (0, True)
        for version in ("2", "3"):
            standin.control.upload(str(ppa), "foo", version)
        for _ in range(2):
            standin.control.run("publisher")
        left = lp.disk_leftovers(entry)
        assert isinstance(left, Leftovers)
        assert left.until is not None
        assert timedelta(hours=23) < left.until - left.moment.date <= timedelta(hours=24, seconds=2)
        lp.close()


def count(answer: object) -> int:
    assert isinstance(answer, Leftovers), answer
    return answer.count
