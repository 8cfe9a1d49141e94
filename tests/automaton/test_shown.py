"""What the rest of the daemon is shown of a PPA's entry."""

from __future__ import annotations

from dataclasses import replace

from tests.automaton.lab import World


def test_a_ppas_page_is_shown_once_it_was_seen() -> None:
    """As Launchpad gave it."""
    known = World().free_ppa().known
    assert known.entry is not None
    page = "https://launchpad.example/~owner/+archive/ubuntu/ppa"
    assert replace(known, entry=replace(known.entry, web=page)).snapshot().web == page
    assert replace(known, entry=None).snapshot().web is None


def test_a_private_ppa_is_shown_as_one() -> None:
    """As Launchpad says; of one that nothing is known of that is not said."""
    known = World().free_ppa().known
    assert known.entry is not None
    assert not known.snapshot().private
    private = replace(known, entry=replace(known.entry, private=True))
    assert private.snapshot().private
    assert not replace(private, entry=None).snapshot().private
