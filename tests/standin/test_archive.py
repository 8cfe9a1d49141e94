"""An archive that the real apt reads: signed indexes, packages that can be installed, snapshots, addresses of files."""

from __future__ import annotations

import base64
import gc
import gzip
import hashlib
import json
import os
import subprocess
import weakref
from pathlib import Path
from typing import Any

import pytest
import urllib3

from ppa_assigner.standin.control_client import ControlClient
from ppa_assigner.standin.sources import write_source
from ppa_assigner.standin.standin import Standin

from .. import needs
from .apt import Apt, apt
from .client import Client, archive
from .test_door import put_all

PPA = "~ci-pool/ubuntu/pool-001"
PATH = archive(PPA)
PLACE = "ci-pool/pool-001/ubuntu"


def get(standin: Standin, path: str, **headers: str) -> urllib3.BaseHTTPResponse:
    """What is downloaded; headers are given with `_` for `-`."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return urllib3.request("GET", f"{standin.service_root}{path}", headers=sent, timeout=10)


def key(standin: Standin) -> str:
    """The key of the PPA, as anybody may ask for it."""
    return str(json.loads(get(standin, f"devel/{PATH}?ws.op=getSigningKeyData", Accept="application/json").data))


def client_of(standin: Standin, root: Path, place: str = PLACE) -> Apt:
    """An apt that reads the PPA."""
    return apt(root, f"{standin.service_root}{place}", key(standin))


def test_apt_installs_what_dput_uploaded(standin: Standin, control: ControlClient, tmp_path: Path) -> None:
    """From the upload to the installed file, with real programs, below a folder of their own."""
    control.building(queue=0, take=0, upload=0)
    put_all(control.door(), write_source(_made(tmp_path / "source")))
    control.run("builders")
    control.run("publisher")
    root = _made(tmp_path / "root")
    machine = client_of(standin, root)
    machine.done("update")
    options = ["-o", f"Dpkg::Options::=--root={root}", "-o", "Dpkg::Options::=--force-not-root"]
    if os.getuid() != 0:
        options.append("--download-only")  # dpkg gives the files to root
    machine.done("install", *options, "hello-ppa")
    deb = next((root / "var/cache/apt/archives").glob("hello-ppa_1.0-1_all.deb"))
    listed = [needs.program("dpkg-deb", "dpkg"), "--contents", str(deb)]
    files = subprocess.run(listed, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "./usr/share/doc/hello-ppa/changelog" in files


def test_apt_reads_only_what_has_changed(standin: Standin, control: ControlClient, tmp_path: Path) -> None:
    """Asked again it says `Hit`, until something new is published; then it gets that."""
    control.upload(PPA, "foo", "1", binaries=[{"name": "foo"}])
    control.run("publisher")
    machine = client_of(standin, tmp_path)
    assert "Get:1" in machine.done("update")
    control.run("publisher")
    assert "Hit:1" in machine.done("update")
    control.upload(PPA, "foo", "2", binaries=[{"name": "foo"}])
    assert "Hit:1" in machine.done("update")
    control.run("publisher")
    assert "Get:1" in machine.done("update")
    assert "foo_2_amd64.deb" in machine.done("install", "--print-uris", "foo")


def test_apt_refuses_what_another_key_signed(standin: Standin, control: ControlClient, tmp_path: Path) -> None:
    """So the signatures are true; without a key there is nothing signed."""
    control.upload(PPA, "foo", "1")
    control.run("publisher")
    control.team("others", "stranger")
    control.ppas("others", ["ppa"])
    path = f"devel/{archive('~others/ubuntu/ppa')}?ws.op=getSigningKeyData"
    other = json.loads(get(standin, path, Accept="application/json").data)
    wrong = apt(_made(tmp_path / "wrong"), f"{standin.service_root}{PLACE}", other)
    assert "NO_PUBKEY" in wrong.run("update").stderr
    control.signing_key("ci-pool", exists=False)
    control.run("publisher")
    assert get(standin, f"{PLACE}/dists/noble/InRelease").status == 404
    assert get(standin, f"{PLACE}/dists/noble/Release").status == 200


def test_the_signature_apart_is_true(standin: Standin, control: ControlClient, tmp_path: Path) -> None:
    """gpgv takes it for the Release file that it lies beside, and for no other."""
    control.upload(PPA, "foo", "1")
    control.run("publisher")
    keyring = tmp_path / "key.gpg"
    keyring.write_bytes(base64.b64decode("".join(key(standin).partition("\n\n")[2].partition("\n=")[0].split())))
    for name in ("Release", "Release.gpg"):
        (tmp_path / name).write_bytes(get(standin, f"{PLACE}/dists/noble/{name}").data)
    command = [needs.program("gpgv", "gpgv"), "--keyring", str(keyring), "Release.gpg", "Release"]
    options: dict[str, Any] = {"cwd": tmp_path, "capture_output": True, "timeout": 60, "check": False}
    assert subprocess.run(command, **options).returncode == 0
    (tmp_path / "Release").write_text("Suite: other\n")
    assert subprocess.run(command, **options).returncode == 1


def test_dependencies_are_resolved(standin: Standin, control: ControlClient, tmp_path: Path) -> None:
    """A binary may depend on another one; one that is not there cannot be installed."""
    binaries = [{"name": "foo", "depends": "foo-data (= 1)"}, {"name": "foo-data", "arch": "all"}]
    control.upload(PPA, "foo", "1", binaries=[*binaries, {"name": "bad", "depends": "nothing"}])
    control.run("publisher")
    machine = client_of(standin, tmp_path)
    machine.done("update")
    assert "foo-data_1_all.deb" in machine.done("install", "--print-uris", "foo")
    assert machine.run("install", "--print-uris", "bad").returncode != 0


def test_indexes_say_when_they_changed(standin: Standin, control: ControlClient) -> None:
    """304 to who knows it; two that differ never have the same time, though the clock stands still."""
    control.clock(speed=0)
    control.upload(PPA, "foo", "1")
    control.run("publisher")
    path, changed = f"{PLACE}/dists/noble/Release", ""
    for version in ("2", "3"):
        first = get(standin, path)
        assert first.headers["Last-Modified"] != changed
        changed = first.headers["Last-Modified"]
        assert get(standin, path, If_Modified_Since=changed).status == 304
        assert get(standin, path, If_Modified_Since="nonsense").status == 200
        control.upload(PPA, "foo", version)
        control.run("publisher")
        assert get(standin, path, If_Modified_Since=changed).status == 200


def test_all_packings_are_as_the_release_file_says(standin: Standin, control: ControlClient) -> None:
    """Every file that it lists is there, with its size and sum, also what nothing is in."""
    control.upload(PPA, "foo", "1", binaries=[{"name": "foo"}])
    control.run("publisher")
    release = get(standin, f"{PLACE}/dists/noble/Release").data.decode()
    listed = [line.split() for line in release.splitlines() if line.startswith(" ")]
    assert len(listed) == 9
    for sum_, size, name in listed:
        content = get(standin, f"{PLACE}/dists/noble/{name}").data
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (sum_, int(size))


def test_a_snapshot_shows_what_was_published_then(standin: Standin, control: ControlClient, tmp_path: Path) -> None:
    """Each run of the publisher that changes something leaves one, which apt reads as it does the PPA, files too."""
    control.clock(speed=0, step=-10 * 86_400)  # apt refuses what was published in the future
    for version in ("1", "2"):
        control.upload(PPA, "foo", version, binaries=[{"name": "foo"}])
        control.run("publisher", times=2)
        control.clock(step=3600)
    control.clock(step=2 * 86_400)
    control.run("publisher")
    control.run("death_row")
    assert get(standin, f"{PLACE}/pool/main/f/foo/foo_1_amd64.deb").status == 404
    assert get(standin, f"{PLACE}/pool/main/f/foo/foo_2_amd64.deb").status == 200
    first, second = control.snapshots(PPA)
    for stamp, version in ((first, "1"), (second, "2"), (f"{second[:-7]}235959Z", "2")):
        machine = client_of(standin, _made(tmp_path / stamp), f"snapshot/{PLACE}/{stamp}")
        machine.done("update")
        machine.done("download", "foo")
        assert [deb.name for deb in machine.root.glob("*.deb")] == [f"foo_{version}_amd64.deb"]
    for stamp in ("20200101T000000Z", "20209999T000000Z"):
        assert get(standin, f"snapshot/{PLACE}/{stamp}/dists/noble/Release").status == 404


@pytest.mark.parametrize("path", ["dists/noble/Release", "pool/main/f/foo/foo_1_amd64.deb"])
def test_a_private_ppa_is_for_nobody(standin: Standin, control: ControlClient, path: str) -> None:
    """Neither its indexes nor its files, nor a snapshot, while nobody has subscribed."""
    control.upload(PPA, "foo", "1", binaries=[{"name": "foo"}])
    control.run("publisher")
    stamp = control.snapshots(PPA)[0]
    places = [f"{PLACE}/{path}", f"snapshot/{PLACE}/{stamp}/{path}"]
    assert {get(standin, place).status for place in places} == {200}
    control.settings(PPA, private=True)
    assert {get(standin, place).status for place in places} == {404}


def test_a_subscriber_reads_a_private_ppa(standin: Standin, control: ControlClient, tmp_path: Path) -> None:
    """With its own password; others are asked for one, and a snapshot is no way around it."""
    control.upload(PPA, "foo", "1", binaries=[{"name": "foo"}])
    control.run("publisher")
    public = key(standin)
    control.settings(PPA, private=True)
    given = control.subscribe(PPA, "stranger")
    stamp = control.snapshots(PPA)[0]
    for place in (PLACE, f"snapshot/{PLACE}/{stamp}"):
        assert get(standin, f"{place}/dists/noble/Release").status == 401
        assert get(standin, f"{place}/dists/noble/Release", Authorization="Basic eDp5").status == 401
    machine = apt(tmp_path, f"{standin.service_root}{PLACE}", public)
    assert "401" in machine.run("update").stdout
    login = f"machine {standin.service_root} login {given['user']} password {given['password']}\n"
    (tmp_path / "etc/apt/auth.conf").write_text(login)
    machine.done("update")
    machine.done("download", "foo")


def test_the_addresses_that_are_told_lead_somewhere(
    standin: Standin, client: Client, control: ControlClient, tmp_path: Path
) -> None:
    """Files of sources and binaries with the content whose sum was told, and logs."""
    control.building(queue=0, take=0, upload=0)
    control.build_rule(state="Failed to upload", arch="arm64")
    put_all(control.door(), write_source(tmp_path, binaries=[("hello-ppa", "any")]))
    control.run("builders")
    control.run("publisher")
    (source,) = client.get(f"{PATH}?ws.op=getPublishedSources")["entries"]
    path = str(source["self_link"]).removeprefix(client.url(""))
    (binary,) = client.get(f"{path}?ws.op=getPublishedBinaries")["entries"]
    of_binary = str(binary["self_link"]).removeprefix(client.url(""))
    files = client.get(f"{path}?ws.op=sourceFileUrls&include_meta=true")
    files += client.get(f"{of_binary}?ws.op=binaryFileUrls&include_meta=true")
    assert len(files) == 4
    for told in files:
        content = urllib3.request("GET", told["url"], timeout=10).data
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (told["sha256"], told["size"])
    failed = client.get(f"{PATH}?ws.op=getBuildRecords")["entries"][0]
    log = urllib3.request("GET", failed["build_log_url"], decode_content=False, timeout=10).data
    assert b"arm64 build of hello-ppa 1.0-1" in gzip.decompress(log)
    assert b"Failed to upload" in urllib3.request("GET", failed["upload_log_url"], timeout=10).data


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_a_world_that_was_replaced_is_not_kept(standin: Standin, control: ControlClient) -> None:
    """Packages that were made of it are kept for a while, and lead to it: not beyond its end."""
    control.upload(PPA, "foo", "1", binaries=[{"name": "foo"}])
    control.run("publisher")
    assert get(standin, f"{PLACE}/dists/noble/main/binary-amd64/Packages").status == 200
    world = weakref.ref(standin.service.world)
    control.reset(owner="ci-pool", ppas=1)
    gc.collect()
    assert world() is None
