"""I4: the daemon is killed at every request of every life, in each of four ways, and started blindly."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ..trace.validating import assert_landed_as_sent
from .trial import assert_as_if_nothing_had_been, said_of, trial

BLOCKS = 3  # each has a stand-in of its own, on which a life for each of its points is lived at once


@pytest.mark.timeout(400)
@pytest.mark.parametrize("block", range(BLOCKS))
def test_killed_at_every_request_of_every_life(
    tmp_path: Path, block: int, record_property: Callable[[str, object], None]
) -> None:
    """As a request arrives, once it was applied, once it was answered, and before it lands after the restart: states,
    owners, leases and ends are as without a kill, clients that ask again get theirs, and all is free and empty at last.
    """
    with trial(tmp_path) as each:
        uncrashed, points = each.uncrashed()
        for life in uncrashed.values():
            assert_as_if_nothing_had_been(life, life)
        mine = points[block::BLOCKS]
        lives = each.crashed(mine)
        for point, life in zip(mine, lives, strict=True):
            with said_of(point):
                assert_as_if_nothing_had_been(life, uncrashed[point.kind], point.settle)
        assert_landed_as_sent(each.launchpad, tmp_path, [life.ppa for life in (*uncrashed.values(), *lives)])
        record_property("crash points", sum(point.ways for point in mine))
