"""The indexes that apt reads lag behind the web service until the publisher ran."""

from __future__ import annotations

import gzip

import urllib3

from ppa_assigner.standin.control_client import ControlClient
from ppa_assigner.standin.standin import Standin

from .client import Client, archive

PPA = "~ci-pool/ubuntu/pool-001"


def index(standin: Standin, path: str) -> bytes | None:
    """An index, None when there is none."""
    answer = urllib3.request("GET", f"{standin.service_root}ci-pool/pool-001/ubuntu/dists/{path}", timeout=10)
    return answer.data if answer.status == 200 else None


def test_deleted_packages_stay_in_the_indexes_until_the_publisher_ran(
    standin: Standin, client: Client, control: ControlClient
) -> None:
    """A source that was deleted is gone for the web service at once, for apt only after the next publisher run."""
    control.upload(PPA, "foo", "1", binaries=[{"name": "foo"}])
    assert index(standin, "noble/main/source/Sources") is None
    control.run("publisher")
    source = client.get(f"{archive(PPA)}?ws.op=getPublishedSources")["entries"][0]["self_link"]
    assert client.post(source.partition("devel/")[2], "requestDeletion").status == 200
    assert b"Package: foo" in (index(standin, "noble/main/source/Sources") or b"")
    packed = index(standin, "noble/main/binary-amd64/Packages.gz")
    assert b"Package: foo" in gzip.decompress(packed or b"")
    control.run("publisher")
    assert index(standin, "noble/main/source/Sources") == b""
    assert index(standin, "noble/main/binary-amd64/Packages") == b""
