"""How often the uploads of a PPA are looked at."""

from __future__ import annotations

import pytest

from ppa_assigner.uploads.cadence import interval


@pytest.mark.parametrize(("asked_ago", "index_only", "seconds"), [
    (0, False, 15), (599, False, 15), (600, False, 60), (10_000, False, 60), (0, True, 5), (10_000, True, 5),
])  # fmt: skip
def test_often_in_the_first_ten_minutes_and_while_only_the_index_is_missing(
    asked_ago: float, index_only: bool, seconds: float
) -> None:
    """15 s, then 60 s; 5 s for the index."""
    assert interval(asked_ago, index_only=index_only) == seconds
