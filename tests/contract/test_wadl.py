"""Everything that the stand-in exposes exists in Launchpad's own descriptions of its web service.

Compared are fields with their types and choices, which fields can be written, operations, their parameters, their
choices and which of them are required. What the stand-in leaves out is no difference, save required parameters.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
import urllib3

from ppa_assigner.standin.standin import Standin

from .wadl import Fact, facts

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"

SINCE = "came to 1.0 after the description was made that launchpadlib ships; today's description of 1.0 has it"
GATHERING = "the choice 'Gathering build output' came later; today's description of 1.0 has it"
SHIPPED_IS_OLD = {
    ("archive-full", "publish"): SINCE,
    ("archive-diff", "publish"): SINCE,
    ("archive-full", "publishing_method"): SINCE,
    ("archive-diff", "publishing_method"): SINCE,
    ("archive-full", "repository_format"): SINCE,
    ("archive-diff", "repository_format"): SINCE,
    ("archive-getPublishedSources", "order_by_date_ascending"): SINCE,
    ("archive-getPublishedBinaries", "order_by_date_ascending"): SINCE,
    ("source_package_publishing_history-getPublishedBinaries", "active_binaries_only"): SINCE,
    ("build-full", "buildstate"): GATHERING,
    ("build-diff", "buildstate"): GATHERING,
    ("archive-getBuildRecords", "build_state"): GATHERING,
}


@pytest.fixture(scope="module")
def standin() -> Iterator[Standin]:
    """An empty stand-in."""
    with Standin(owner=None) as running:
        yield running


def described(standin: Standin, version: str) -> set[Fact]:
    """What the stand-in says of itself."""
    headers = {"Accept": "application/vnd.sun.wadl+xml"}
    answer = urllib3.request("GET", f"{standin.service_root}{version}/", headers=headers, timeout=30)
    assert answer.status == 200
    return facts(answer.data)


def invented(own: set[Fact], real: set[Fact]) -> list[Fact]:
    """What only the stand-in has."""
    return sorted(own - real)


def unasked(own: set[Fact], real: set[Fact]) -> list[Fact]:
    """Parameters that the real service requires and the stand-in does not."""
    operations = {f.place for f in own if f.kind == "operation"}
    return sorted(f for f in real - own if f.kind == "required" and f.place in operations)


def test_version_1_0_exists_in_what_launchpadlib_ships(standin: Standin) -> None:
    """In 1.0 nothing is exposed that launchpadlib's own description lacks, but for what came to Launchpad later."""
    own = described(standin, "1.0")
    real = facts((files("launchpadlib") / "testing" / "launchpad-wadl.xml").read_bytes())
    assert {(f.place, f.thing) for f in invented(own, real)} == set(SHIPPED_IS_OLD)
    assert unasked(own, real) == []


@pytest.mark.parametrize("version", ["1.0", "devel"])
def test_version_exists_in_launchpads_description(standin: Standin, version: str) -> None:
    """Nothing is exposed that today's real description lacks, without exception."""
    description = DATA / f"launchpad-{version}.wadl.gz"
    if not description.exists():
        pytest.skip(f"there is no {description}")
    own = described(standin, version)
    real = facts(gzip.decompress(description.read_bytes()))
    assert invented(own, real) == []
    assert unasked(own, real) == []


def test_what_the_daemon_needs_is_there(standin: Standin) -> None:
    """The comparison is not empty: operations that leasing and cleaning need are described."""
    places = {f.place for f in described(standin, "devel") if f.kind == "operation"}
    assert {"archive-getPublishedSources", "archive-patch", "person-createPPA", "build-cancel"} <= places
    assert {"archive-newComponentUploader", "archives-getByReference", "distro_series-getPackageUploads"} <= places
