"""What the web service tells of builds and files: summaries of builds, addresses and sums of files, keys."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from urllib.parse import quote

import pytest

from ppa_assigner.standin.control_client import ControlClient, Rejected
from ppa_assigner.standin.standin import Standin

from .client import Client, archive

PPA = "~ci-pool/ubuntu/pool-001"
PATH = archive(PPA)
ORIG = "hello_2.10.orig.tar.gz"


def summaries(client: Client, ids: object) -> Any:
    """What it says of the builds of these publications."""
    return client.get(f"{PATH}?ws.op=getBuildSummariesForSourceIds&source_ids={quote(json.dumps(ids))}")


def sources(client: Client) -> list[dict[str, Any]]:
    """The publications of sources, oldest first."""
    found: list[dict[str, Any]] = client.get(
        f"{PATH}?ws.op=getPublishedSources&order_by_date_ascending=true&ws.size=300"
    )["entries"]
    return found


def below(client: Client, entry: dict[str, Any]) -> str:
    """The path of an entry."""
    return str(entry["self_link"]).removeprefix(client.url(""))


def number(entry: dict[str, Any]) -> int:
    """The number at the end of its address."""
    return int(entry["self_link"].rpartition("/")[2])


def test_summaries_tell_of_builds_as_whole_entries(client: Client, control: ControlClient) -> None:
    """An accepted upload shows at once: Pending, with its builds, in one answer for many sources."""
    control.dput(PPA, "foo", "1")
    control.dput(PPA, "bar", "1")
    ids = [number(source) for source in sources(client)]
    found = summaries(client, ids)
    assert {source["status"] for source in sources(client)} == {"Pending"}
    assert [*found] == [str(one) for one in ids]
    one = found[str(ids[0])]
    assert (one["status"], one["source_package_name"]) == ("NEEDSBUILD", "foo")
    assert [(build["arch_tag"], build["buildstate"]) for build in one["builds"]] == [
        ("amd64", "Needs building"),
        ("arm64", "Needs building"),
    ]
    assert one["builds"][0] == client.get(below(client, one["builds"][0]))
    assert {"build_log_url", "dependencies", "can_be_retried", "web_link"} <= one["builds"][0].keys()


def test_summaries_tell_only_of_builds_that_make_the_status(client: Client, control: ControlClient) -> None:
    """What failed is not seen while another build waits or runs; what was cancelled never."""
    control.dput(PPA, "foo", "1")
    (source,) = sources(client)
    amd64, arm64 = (build["id"] for build in control.packages(PPA)["builds"])

    def told() -> tuple[str, list[str]]:
        one = summaries(client, [number(source)])[str(number(source))]
        return one["status"], [build["arch_tag"] for build in one["builds"]]

    control.build_state(amd64, "Failed to build")
    assert told() == ("NEEDSBUILD", ["arm64"])
    control.build_state(arm64, "Currently building")
    assert told() == ("BUILDING", ["arm64"])
    control.build_state(arm64, "Successfully built")
    assert told() == ("FAILEDTOBUILD", ["amd64"])
    control.build_state(amd64, "Cancelled build")
    assert told() == ("FULLYBUILT_PENDING", ["arm64"])
    control.upload(PPA, "foo", "1", binaries=[{"name": "foo", "arch": "arm64"}])
    assert told() == ("FULLYBUILT", ["arm64"])


def test_summaries_take_a_list_of_numbers(client: Client) -> None:
    """Nothing asked is nothing answered; what is not a list of numbers is refused, what is not here left out."""
    assert summaries(client, []) == {}
    assert summaries(client, [999_999]) == {}
    assert client.send("GET", f"{PATH}?ws.op=getBuildSummariesForSourceIds&source_ids=1,2").status == 400


def test_builds_can_be_retried(client: Client, control: ControlClient) -> None:
    """What ended without success is built again, and tells nothing of the time before; what waits is refused."""
    number = control.build(PPA, "foo", "1", "Chroot problem")
    path = f"{PATH}/+build/{number}"
    assert client.get(path)["can_be_retried"] is True
    assert client.post(path, "retry").status == 200
    after = client.get(path)
    assert (after["buildstate"], after["datebuilt"]) == ("Needs building", None)
    assert client.post(path, "retry").status == 400


def test_source_files_with_their_sums(client: Client, control: ControlClient) -> None:
    """Addresses alone, or with size and hash; a source without files has none."""
    text = "a tarball"
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    files: list[dict[str, Any]] = [
        {"name": ORIG, "content": text},
        {"name": "hello_2.10-1.dsc", "sha256": "0" * 64, "size": 7},
    ]
    control.dput(PPA, "hello", "2.10-1", files=files)
    (source,) = sources(client)
    path = below(client, source)
    urls = client.get(f"{path}?ws.op=sourceFileUrls")
    assert [url.rpartition("/")[2] for url in urls] == [ORIG, "hello_2.10-1.dsc"]
    assert client.get(f"{path}?ws.op=sourceFileUrls&include_meta=true") == [
        {"url": urls[0], "size": len(text), "sha256": sha256},
        {"url": urls[1], "size": 7, "sha256": "0" * 64},
    ]
    control.upload(PPA, "bare", "1")
    assert client.get(f"{below(client, sources(client)[-1])}?ws.op=sourceFileUrls") == []


def test_binary_files_with_their_sums(client: Client, control: ControlClient) -> None:
    """A binary has one file, and a source all of its binaries' files."""
    control.upload(PPA, "foo", "1:2-3", binaries=[{"name": "foo", "arch": "arm64"}, {"name": "foo-doc", "arch": "all"}])
    binaries = client.get(f"{PATH}?ws.op=getPublishedBinaries")["entries"]
    (first, *_) = binaries
    (meta,) = client.get(f"{below(client, first)}?ws.op=binaryFileUrls&include_meta=true")
    assert meta["url"].endswith(f"/{PATH}/+files/foo_2-3_arm64.deb")
    assert (meta["size"] > 0, len(meta["sha1"]), len(meta["sha256"])) == (True, 40, 64)
    of_source = client.get(f"{below(client, sources(client)[0])}?ws.op=binaryFileUrls")
    assert [url.rpartition("/")[2] for url in of_source] == ["foo-doc_2-3_all.deb", "foo_2-3_arm64.deb"]


def test_a_file_is_burnt_while_its_content_is_kept(client: Client, control: ControlClient) -> None:
    """The same name with other content is refused, though all was deleted, until a week after it left the disk."""
    control.dput(PPA, "hello", "2.10-1", files=[{"name": ORIG, "content": "one"}])
    control.dput(PPA, "hello", "2.10-2", files=[{"name": ORIG, "content": "one"}])
    for source in sources(client):
        assert client.post(below(client, source), "requestDeletion").status == 200
    control.run("publisher")
    control.run("death_row")
    other = [{"name": ORIG, "content": "other"}]
    with pytest.raises(Rejected, match=f"File {ORIG} already exists in .*different contents"):
        control.dput(PPA, "hello", "2.10-3", files=other)
    control.clock(step=8 * 86_400)
    assert client.get(f"{below(client, sources(client)[0])}?ws.op=sourceFileUrls") == []
    control.dput(PPA, "hello", "2.10-3", files=other)


def test_an_upstream_tarball_is_the_distributions(control: ControlClient) -> None:
    """What the main archive has under that name with other content is refused in every PPA; other files are not."""
    files = [{"name": ORIG, "sha256": "1" * 64}, {"name": "hello_2.10-1.dsc", "sha256": "1" * 64}]
    control.upload("ubuntu", "hello", "2.10-1", files=files)
    with pytest.raises(Rejected, match=f"File {ORIG} already exists in"):
        control.dput(PPA, "hello", "2.10-1", files=[{"name": ORIG, "sha256": "2" * 64}])
    control.dput(PPA, "hello", "2.10-1", files=[files[0], {"name": "hello_2.10-1.dsc", "sha256": "2" * 64}])


def test_a_rejected_upload_leaves_no_trace(client: Client, control: ControlClient) -> None:
    """No publication, build or entry in the queue; the version is not burnt by it."""
    with pytest.raises(Rejected, match="Unable to find distroseries: plucky"):
        control.dput(PPA, "foo", "1", series="plucky")
    assert control.packages(PPA) == {"sources": [], "binaries": [], "builds": [], "uploads": []}
    assert client.get(f"{PATH}?ws.op=getPublishedSources")["entries"] == []
    control.dput(PPA, "foo", "1")


def test_a_copy_with_binaries_of_what_has_none_never_comes(client: Client, control: ControlClient) -> None:
    """It is taken without a word, and its job fails unseen; once there are binaries all come, and again nothing."""
    control.dput(PPA, "foo", "1")
    target = archive("~ci-pool/ubuntu/pool-002")
    form = {"source_name": "foo", "version": "1", "from_archive": client.url(PATH), "to_pocket": "Release"}

    def copied() -> dict[str, list[str]]:
        assert client.post(target, "copyPackage", include_binaries="true", **form).status == 200
        control.run("copies")
        found = control.packages("~ci-pool/ubuntu/pool-002")
        return {kind: [each["status"] for each in found[kind]] for kind in ("sources", "binaries")}

    assert copied() == {"sources": [], "binaries": []}
    control.upload(PPA, "foo", "1", binaries=[{"name": "foo", "arch": tag} for tag in ("amd64", "arm64")])
    assert copied() == {"sources": ["Pending"], "binaries": ["Pending"] * 2}
    control.run("publisher")
    assert copied() == {"sources": ["Published"], "binaries": ["Published"] * 2}


def test_the_key_is_the_owners(standin: Standin, client: Client, control: ControlClient) -> None:
    """All PPAs of an owner have one, which is shown when that is said; without one it is null."""
    other = archive("~ci-pool/ubuntu/pool-002")
    one = client.get(f"{PATH}?ws.op=getSigningKeyData")
    assert one == client.get(f"{other}?ws.op=getSigningKeyData")
    assert one.startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----\n")
    assert client.get(PATH)["signing_key_fingerprint"] is None
    fingerprint = control.signing_key("ci-pool")
    assert client.get(PATH)["signing_key_fingerprint"] == fingerprint
    assert control.signing_key("ci-pool", exists=False) is None
    assert client.get(f"{PATH}?ws.op=getSigningKeyData") is None


def test_a_full_archive_takes_nothing(client: Client, control: ControlClient) -> None:
    """What was deleted counts until the death row has removed it, a file of two versions once; and binaries count."""
    control.settings(PPA, authorized_size=3)
    big, other = ({"name": f"{name}.tar", "size": 2 * 2**20, "sha256": name * 64} for name in "ab")
    control.dput(PPA, "big", "1", files=[big])
    control.dput(PPA, "big", "2", files=[big])
    with pytest.raises(Rejected, match=r"PPA exceeded its size limit \(4.00 of 3.00 MiB\)"):
        control.dput(PPA, "big", "3", files=[big, other])
    for one in sources(client):
        assert client.post(below(client, one), "requestDeletion").status == 200
    with pytest.raises(Rejected, match="size limit"):
        control.dput(PPA, "big", "3", files=[other])
    control.run("publisher")
    control.run("death_row")
    control.dput(PPA, "big", "3", files=[other])
    control.settings(PPA, authorized_size=None)
    control.dput(PPA, "big", "4", files=[{**big, "size": 9 * 2**30}])
    control.settings(PPA, authorized_size=0)
    control.upload("~ci-pool/ubuntu/pool-002", "small", "1", binaries=[{"name": "small", "arch": "all"}])
    control.settings("~ci-pool/ubuntu/pool-002", authorized_size=0)
    with pytest.raises(Rejected, match=r"0.00 of 0.00 MiB"):
        control.dput("~ci-pool/ubuntu/pool-002", "other", "1")
