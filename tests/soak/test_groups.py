"""The run of groups in short: two daemons and clients that are killed."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from random import SystemRandom

import pytest

from .groups import CLIENTS, run

SECONDS = float(os.environ.get("PPA_ASSIGNER_SOAK", "4"))
LONG = "PPA_ASSIGNER_SOAK" in os.environ
SEED = int(os.environ.get("PPA_ASSIGNER_SEED", SystemRandom().randrange(2**32)))


@pytest.mark.timeout(SECONDS + 400)
@pytest.mark.parametrize("daemons", [1, 2] if LONG else [2])
def test_no_group_is_told_in_part_and_no_claim_is_left(
    tmp_path: Path, daemons: int, record_property: Callable[[str, object], None]
) -> None:
    """Nothing is lent twice either, and at one daemon nobody is served long after all who came before are over."""
    done = run(tmp_path, SECONDS, daemons, SEED, clients=CLIENTS if LONG else 8)
    assert not done.wrong, [f"PPA_ASSIGNER_SEED={SEED}", *done.wrong]
    record_property("kills survived", done.kills)
    record_property("groups checked", done.groups)
