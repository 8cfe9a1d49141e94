"""The door for uploads: what dput puts there becomes an upload, or is rejected without a trace."""

from __future__ import annotations

from pathlib import Path

import pytest
import urllib3

from ppa_assigner.standin.control_client import ControlClient
from ppa_assigner.standin.sources import write_source

from ..recipes.packages import signed
from .client import Client, archive
from .uploading import DPUTS, upload

PPA = "~ci-pool/ubuntu/pool-001"
PATH = archive(PPA)
FILES = ["hello-ppa_1.0-1.dsc", "hello-ppa_1.0.orig.tar.gz", "hello-ppa_1.0-1.debian.tar.gz"]


def put(door: str, *files: Path, ppa: str = PPA) -> list[int]:
    """Put files without dput; the statuses of the answers."""
    return [
        urllib3.request("PUT", f"{door}{ppa}/{file.name}", body=file.read_bytes(), timeout=10).status for file in files
    ]


def put_all(door: str, changes: Path, ppa: str = PPA, without: str = " ") -> None:
    """Put a package as dput does, the .changes last."""
    others = sorted(f for f in changes.parent.iterdir() if f.suffix != ".changes" and without not in f.name)
    assert set(put(door, *others, changes, ppa=ppa)) == {201}


def reasons(control: ControlClient) -> list[str | None]:
    """Why uploads were rejected, None for each that was not."""
    return [each["reason"] for each in control.verdicts()]


@pytest.mark.parametrize("dput", DPUTS)
def test_the_real_dput_uploads(client: Client, control: ControlClient, tmp_path: Path, dput: str) -> None:
    """The source shows at once as Pending with its files and builds, and is built and published."""
    control.building(queue=0, take=0, upload=0)
    changes = write_source(tmp_path, binaries=[("hello-ppa", "any"), ("hello-ppa-doc", "all")])
    upload(dput, changes, control.door() + PPA, tmp_path / "home")
    assert reasons(control) == [None]
    (source,) = client.get(f"{PATH}?ws.op=getPublishedSources")["entries"]
    assert (source["status"], source["source_package_version"]) == ("Pending", "1.0-1")
    path = str(source["self_link"]).removeprefix(client.url(""))
    assert [url.rpartition("/")[2] for url in client.get(f"{path}?ws.op=sourceFileUrls")] == FILES
    control.run("builders")
    control.run("publisher")
    found = client.get(f"{path}?ws.op=getPublishedBinaries")["entries"]
    assert sorted((b["display_name"], b["architecture_specific"]) for b in found) == [
        ("hello-ppa 1.0-1 in noble amd64", True),
        ("hello-ppa 1.0-1 in noble arm64", True),
        ("hello-ppa-doc 1.0-1 in noble amd64", False),
        ("hello-ppa-doc 1.0-1 in noble arm64", False),
    ]


def test_only_architectures_that_it_names_are_built(control: ControlClient, tmp_path: Path) -> None:
    """What is independent is built once; what is for one architecture, for that."""
    door = control.door()
    for name, arch in (("one", "all"), ("two", "arm64"), ("three", "amd64 all")):
        folder = tmp_path / name
        folder.mkdir()
        made = [(f"{name}-{each}", each) for each in arch.split()]
        put_all(door, write_source(folder, name, "1", binaries=made))
    builds = [(build["name"], build["arch"]) for build in control.packages(PPA)["builds"]]
    assert builds == [("one", "amd64"), ("two", "arm64"), ("three", "amd64")]


def test_an_upload_waits_for_its_script(control: ControlClient, tmp_path: Path) -> None:
    """Where that is said, as Launchpad looks at what came only every now and then."""
    put_all(control.door(waiting=True), write_source(tmp_path))
    assert control.packages(PPA)["sources"] == []
    control.run("uploads")
    assert [source["status"] for source in control.packages(PPA)["sources"]] == ["Pending"]


def test_a_series_in_the_path_is_the_one(control: ControlClient, tmp_path: Path) -> None:
    """It goes before the one in the .changes."""
    put_all(control.door(), write_source(tmp_path), ppa=f"{PPA}/jammy")
    assert control.packages(PPA)["sources"][0]["where"] == "jammy"


def test_an_upstream_tarball_need_not_be_sent_again(client: Client, control: ControlClient, tmp_path: Path) -> None:
    """The second revision takes it from the archive; one that nobody has is missed."""
    door = control.door()
    for revision in (1, 2):
        (tmp_path / str(revision)).mkdir()
        changes = write_source(tmp_path / str(revision), version=f"1.0-{revision}")
        if revision == 2:
            text = changes.read_text().splitlines(keepends=True)
            changes.write_text("".join(line for line in text if ".orig." not in line))
        put_all(door, changes, without=" " if revision == 1 else ".orig.")
        put_all(door, changes, "~ci-pool/ubuntu/pool-002", without=".orig.")
    missing = "Unable to find hello-ppa_1.0.orig.tar.gz in "
    assert reasons(control) == [None, f"{missing}the upload.", None, f"{missing}upload or distribution."]
    newest = client.get(f"{PATH}?ws.op=getPublishedSources")["entries"][0]
    urls = client.get(f"{str(newest['self_link']).removeprefix(client.url(''))}?ws.op=sourceFileUrls")
    assert [url.rpartition("/")[2] for url in urls][1] == "hello-ppa_1.0.orig.tar.gz"


def test_rejected_uploads_leave_no_trace(client: Client, control: ControlClient, tmp_path: Path) -> None:
    """Each is taken by the door, and nothing of it is seen afterwards; only the mail says why."""
    cases = {
        "Unable to find distroseries: plucky": write_source(_made(tmp_path / "series"), series="plucky"),
        "File hello-ppa_1.0.orig.tar.gz already exists in": write_source(_made(tmp_path / "orig"), upstream="other"),
        "already accepted in ubuntu/noble": write_source(_made(tmp_path / "version"), "burnt", "1"),
        "Version older than that in the archive": write_source(_made(tmp_path / "older"), "burnt", "0.5"),
    }
    control.dput(PPA, "burnt", "1")
    control.upload("ubuntu", "hello-ppa", "1.0-1", files=[{"name": FILES[1], "sha256": "0" * 64}])
    before = control.packages(PPA)
    for reason, changes in cases.items():
        put_all(control.door(), changes)
        assert reason in str(reasons(control)[-1])
    put_all(control.door(), cases["already accepted in ubuntu/noble"], "~ci-pool/ubuntu/nothing")
    assert reasons(control)[-1] == "Could not find a PPA named '~ci-pool/ubuntu/nothing'."
    put_all(control.door(signer="stranger"), write_source(_made(tmp_path / "signer"), "other"))
    assert reasons(control)[-1] == "Signer has no upload rights to this PPA."
    assert control.packages(PPA) == before


def test_what_does_not_fit_its_sums_is_rejected(control: ControlClient, tmp_path: Path) -> None:
    """A file that changed on its way, and a .changes that is none."""
    changes, other = write_source(tmp_path), tmp_path / "x.changes"
    (tmp_path / FILES[1]).write_bytes(b"other")
    put_all(control.door(), changes)
    other.write_text("Source: x\n")
    put(control.door(), other)
    other.write_text("Source: x\nVersion: 1\nDistribution: noble\nArchitecture: source\nFiles:\n abc\n")
    put(control.door(), other)
    mismatch, mandatory, unreadable = reasons(control)
    assert str(unreadable).startswith("Unable to parse x.changes")
    assert mismatch == f"File {FILES[1]} mentioned in the changes has a checksum mismatch."
    assert "mandatory field 'Version'" in str(mandatory)


def test_only_what_is_signed_is_taken_where_that_is_said(control: ControlClient, tmp_path: Path) -> None:
    """Whose signature it is, is not looked at."""
    changes = write_source(tmp_path)
    door = control.door(signer="ppa-bot", signed=True)
    put_all(door, changes)
    signed(changes, tmp_path / "gnupg", "Version: GnuPG v1\n")
    files = [tmp_path / name for name in FILES]
    assert set(put(door, *files, changes)) == {201}
    refused, taken = reasons(control)
    assert (str(refused).startswith("GPG verification of"), taken) == (True, None)


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
