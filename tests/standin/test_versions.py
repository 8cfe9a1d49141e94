"""Versions are ordered as Debian orders them."""

from __future__ import annotations

import pytest

from ppa_assigner.standin.versions import compare


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("9", "10"),
        ("1", "1.0"),
        ("1.0", "1.0.1"),
        ("1.0~rc1", "1.0"),
        ("1.0~~", "1.0~"),
        ("1.0a", "1.0b"),
        ("1.0a", "1.0+dfsg"),
        ("1.0-1", "1.0-1ubuntu1"),
        ("1.0-1ubuntu1", "1.0-1ubuntu1.1"),
        ("2.0-1~ppa1", "2.0-1"),
        ("99", "1:0.1"),
        ("1.0-9", "1.1-1"),
    ],
)
def test_order(lower: str, higher: str) -> None:
    """The first is lower than the second, and the other way round."""
    assert compare(lower, higher) < 0 < compare(higher, lower)


@pytest.mark.parametrize(("one", "other"), [("1.0", "1.0"), ("1.0", "1.00"), ("1.0", "0:1.0"), ("1.0", "1.0-0")])
def test_same(one: str, other: str) -> None:
    """Different texts of one version."""
    assert compare(one, other) == 0 == compare(other, one)
