"""What waits for uploads, judges and copies them, asked by the real launchpadlib over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from launchpadlib.credentials import Credentials
from launchpadlib.launchpad import Launchpad
from lazr.restfulclient.errors import BadRequest, ClientError

from ppa_assigner.standin.control_client import ControlClient
from ppa_assigner.standin.standin import Standin

FILE = {"name": "foo_1.dsc", "content": "text"}


@pytest.fixture
def launchpad(standin: Standin, tmp_path: Path) -> Iterator[Any]:
    """It, logged in as a member of the team."""
    credentials = Credentials()
    credentials.load(StringIO(standin.credentials_text()))
    place = {"service_root": standin.service_root, "cache": str(tmp_path), "version": "devel"}
    service = Launchpad(credentials, None, None, **place)
    yield service
    service._browser._connection.close()  # it leaves its connections open


@pytest.fixture
def ppa(launchpad: Any, control: ControlClient) -> Any:
    """A PPA with an upload: of one architecture it is built, of the other it failed."""
    control.dput("~ci-pool/ubuntu/pool-001", "foo", "1", files=[FILE])
    amd64, arm64 = (build["id"] for build in control.packages("~ci-pool/ubuntu/pool-001")["builds"])
    control.build_state(amd64, "Successfully built")
    control.accept("~ci-pool/ubuntu/pool-001", "foo", "1", "foo")
    control.build_state(arm64, "Dependency wait", dependencies="libfoo-dev (>= 2)")
    return launchpad.archives.getByReference(reference="~ci-pool/ubuntu/pool-001")


def test_builds_and_their_retry(ppa: Any) -> None:
    """A summary by the number of the publication; a build that waits for something is built again."""
    (source,) = ppa.getPublishedSources(source_name="foo", exact_match=True)
    number = source.self_link.rpartition("/")[2]
    told = ppa.getBuildSummariesForSourceIds(source_ids=[int(number)])[number]
    assert told["status"] == "FAILEDTOBUILD"
    (build,) = told["builds"]
    assert (build["arch_tag"], build["dependencies"], build["can_be_retried"]) == ("arm64", "libfoo-dev (>= 2)", True)
    (found,) = [each for each in source.getBuilds() if each.arch_tag == "arm64"]
    assert found.self_link == build["self_link"]
    found.retry()
    found.lp_refresh()
    assert found.buildstate == "Needs building"


def test_files_and_key(ppa: Any, control: ControlClient) -> None:
    """Addresses with sizes and sums; the key as text."""
    control.run("publisher")
    (source,) = ppa.getPublishedSources()
    assert [file["size"] for file in source.sourceFileUrls(include_meta=True)] == [4]
    (url,) = source.sourceFileUrls()
    assert url.endswith("/+sourcefiles/foo/1/foo_1.dsc")
    (binary,) = ppa.getPublishedBinaries()
    assert [file["url"] for file in binary.binaryFileUrls(include_meta=True)] == source.binaryFileUrls()
    assert ppa.getSigningKeyData().startswith("-----BEGIN PGP PUBLIC KEY BLOCK-----")


def test_rights_to_upload(launchpad: Any, ppa: Any, control: ControlClient) -> None:
    """True for a member; what is refused is an error and never False, with the reason."""
    asked = {"distroseries": launchpad.distributions["ubuntu"].current_series, "sourcepackagename": "foo"}
    asked |= {"component": "main", "pocket": "Release"}
    assert ppa.checkUpload(person=launchpad.people["ppa-bot"], **asked) is True
    with pytest.raises(ClientError, match="no upload rights") as refused:
        ppa.checkUpload(person=launchpad.people["stranger"], **asked)
    assert refused.value.response.status == 403
    control.settings("~ci-pool/ubuntu/pool-001", enabled=False)
    with pytest.raises(ClientError, match="is disabled"):
        ppa.checkUpload(person=launchpad.people["ppa-bot"], **asked)


def test_a_copy_with_binaries(launchpad: Any, ppa: Any, control: ControlClient) -> None:
    """It comes with the job, is published by the publisher, and leads to the same files."""
    control.run("publisher")
    target = launchpad.archives.getByReference(reference="~ci-pool/ubuntu/pool-002")
    copy = {"from_archive": ppa, "source_name": "foo", "to_pocket": "Release", "include_binaries": True}
    target.copyPackage(version="1", **copy)
    assert len(target.getPublishedSources()) == 0
    control.run("copies")
    assert {each.status for each in (*target.getPublishedSources(), *target.getPublishedBinaries())} == {"Pending"}
    control.run("publisher")
    (binary,) = target.getPublishedBinaries()
    assert (binary.status, binary.copied_from_archive) == ("Published", ppa)
    (original,) = ppa.getPublishedBinaries()
    sums = [each.binaryFileUrls(include_meta=True)[0]["sha256"] for each in (binary, original)]
    assert sums[0] == sums[1]
    with pytest.raises(BadRequest, match="is not published in"):
        target.copyPackage(version="2", **copy)
