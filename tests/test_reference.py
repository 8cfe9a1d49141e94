"""References: one PPA has one, whatever form it was named in."""

from __future__ import annotations

import re

import pytest

from ppa_assigner.reference import Reference


@pytest.mark.parametrize(
    "text",
    ["~ann/ubuntu/pool-1", "%7Eann/ubuntu/pool-1", "%7eann/ubuntu/pool-1", "ppa:ann/pool-1", "ppa:ann/ubuntu/pool-1"],
)
def test_all_forms_are_one(text: str) -> None:
    """The forms of Launchpad's API, of addresses and of dput mean the same."""
    assert Reference.parse(text) == Reference("ann", "ubuntu", "pool-1")


def test_what_is_shown() -> None:
    """The forms that other programs take."""
    reference = Reference.parse("ppa:ann/x.y+z")
    assert str(reference) == "~ann/ubuntu/x.y+z"
    assert reference.dput == "ppa:ann/ubuntu/x.y+z"
    assert reference.web == "https://launchpad.net/~ann/+archive/ubuntu/x.y+z"
    assert reference.path == "~ann/+archive/ubuntu/x.y+z"
    assert Reference.parse(str(reference)) == reference
    assert Reference.parse(reference.dput) == reference


@pytest.mark.parametrize(
    "text",
    ["", "ann/pool", "~ann", "~ann/pool", "~/ubuntu/x", "~Ann/ubuntu/x", "~ann/ubuntu/", "~ann/ubuntu/x/y", "ppa:ann",
     "~ann/ubuntu/x\n", "~ann/ubuntu/../x", "~-ann/ubuntu/x", "~ann/ubuntu/x?y", "ppa:~ann/x"],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    """With a sentence for people that repeats it."""
    with pytest.raises(ValueError, match="not a PPA like"):
        Reference.parse(text)


@pytest.mark.parametrize(
    ("text", "right"),
    [("~ann/pool-1/ubuntu", "~ann/ubuntu/pool-1"), ("ppa:ann/pool-1/ubuntu", "ppa:ann/ubuntu/pool-1")],
)
def test_swapped_parts_are_told_with_the_right_form(text: str, right: str) -> None:
    """No PPA can have the name ubuntu."""
    with pytest.raises(ValueError, match=f"has its parts swapped; write {re.escape(right)}$"):
        Reference.parse(text)
