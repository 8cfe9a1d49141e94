"""The labels of a PPA: the configured ones and Launchpad's, and what may be said before Launchpad told."""

from __future__ import annotations

from hypothesis import given, strategies as st

from ppa_assigner.labels import PpaLabels, index_of, labels_of
from ppa_assigner.reference import Reference
from ppa_assigner.selectors import EVERYTHING, Selector, parse

from .test_selectors import labels as any_labels, selectors

PPA = Reference("ci-pool", "ubuntu", "pool-001")


def test_launchpads_labels_stand_beside_the_configured_ones() -> None:
    """A processor is a key with the empty value."""
    labels = labels_of(PPA, {"size": "big"}, False, ["amd64", "riscv64"])
    assert labels.values == {
        "size": "big",
        "lp/owner": "ci-pool",
        "lp/distribution": "ubuntu",
        "lp/private": "false",
        "lp/arch-amd64": "",
        "lp/arch-riscv64": "",
    }
    assert labels.untold == ()
    assert labels.judge(parse("lp/arch-riscv64,!lp/arch-armhf,size=big,lp/private=false")) is True
    assert labels_of(PPA, {}, True, []).judge(parse("lp/private=true")) is True


def test_what_launchpad_has_not_told_is_not_there_and_decides_nothing() -> None:
    """Neither that a PPA has it nor that it has not."""
    labels = labels_of(PPA, {"size": "big"}, None, None)
    assert labels.values == {"size": "big", "lp/owner": "ci-pool", "lp/distribution": "ubuntu"}
    for text in ("lp/private=true", "lp/private!=true", "lp/arch-armhf", "!lp/arch-armhf"):
        assert labels.judge(parse(text)) is None
    assert labels.judge(parse("lp/arch-armhf,size=small")) is False
    assert labels.judge(parse("lp/owner=ci-pool")) is True
    assert labels.judge(EVERYTHING) is True


def test_a_name_that_no_label_can_have_is_left_out() -> None:
    """Launchpad's names may have a plus, and keys at most 63 characters after the prefix."""
    labels = labels_of(Reference("c++", "ubuntu", "a"), {}, False, ["x+y", "z" * 60, "armhf"])
    assert labels.values == {"lp/distribution": "ubuntu", "lp/private": "false", "lp/arch-armhf": ""}


_KNOWN = st.builds(PpaLabels, any_labels, st.lists(st.sampled_from("abx"), max_size=2).map(tuple))


@given(st.lists(_KNOWN, max_size=6), selectors)
def test_many_are_judged_as_each_by_itself(known: list[PpaLabels], selector: Selector) -> None:
    """Whatever is not known of some of them."""
    selected, unsure = index_of(known).judge(selector)
    verdicts = [each.judge(selector) for each in known]
    assert [selected >> number & 1 for number in range(len(known))] == [verdict is True for verdict in verdicts]
    assert [unsure >> number & 1 for number in range(len(known))] == [verdict is None for verdict in verdicts]
    assert (selected | unsure) >> len(known) == 0
