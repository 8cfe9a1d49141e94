"""The checker of histories finds what is wrong, and nothing else."""

from __future__ import annotations

import pytest

from .history import Held, Released, Stood, Told, faults, held


def told(
    lease: str, called: float, returned: float, until: float, ppa: str = "p", request: str = "", group: str = ""
) -> Told:
    """An answer; each lease has a request of its own unless said, or that of its group."""
    return Told(request or f"request of {group or lease}", lease, ppa, called, returned, until, group)


def stood(*leases: str, ppa: str = "p", since: float = 0.0, until: float = 100.0) -> list[Stood]:
    """They stood all the time, so that nothing but the leases can be wrong."""
    return [Stood(ppa, lease, since, until) for lease in leases]


GOOD: dict[str, tuple[list[Told], list[Released]]] = {
    "nothing": ([], []),
    "one after the other": ([told("a", 0, 1, 9), told("b", 5, 6, 9)], [Released("a", 4, 5)]),
    "taken while the release is under way": ([told("a", 0, 1, 9), told("b", 2, 4, 9)], [Released("a", 3, 8)]),
    "the answer of the release is lost": ([told("a", 0, 1, 9), told("b", 5, 6, 9)], [Released("a", 4)]),
    "over by its end": ([told("a", 0, 1, 5), told("b", 4, 5, 9)], []),
    "told when it is over": ([told("a", 0, 6, 5), told("b", 3, 5.5, 9)], []),
    "the same one twice": ([told("a", 0, 1, 5), told("a", 2, 3, 9)], []),
    "two PPAs": ([told("a", 0, 1, 9), told("b", 0, 1, 9, ppa="q")], []),
    "a request used again": ([told("a", 0, 1, 3, request="r"), told("b", 2, 4, 9, ppa="q", request="r")], []),
    "a group": ([told("a", 0, 1, 9, group="g"), told("b", 0, 1, 9, ppa="q", group="g")], []),
    "released twice": ([told("a", 0, 1, 9), told("b", 3, 4, 9)], [Released("a", 5), Released("a", 2)]),
}

BAD: dict[str, tuple[list[Told], list[Released], str]] = {
    "two at once": ([told("a", 0, 1, 9), told("b", 2, 3, 9)], [], "PPA p has two leases"),
    "the release comes after": ([told("a", 0, 1, 9), told("b", 2, 3, 9)], [Released("a", 4, 5)], "PPA p has two"),
    "extended into the next": ([told("a", 0, 1, 4), told("a", 2, 3, 9), told("b", 5, 6, 9)], [], "PPA p has two"),
    "within another": ([told("a", 0, 1, 9), told("b", 2, 3, 4)], [], "PPA p has two leases"),
    "the third with the first": (
        [told("a", 0, 1, 9), told("b", 2, 3, 3), told("c", 4, 5, 6)], [], "PPA p has two leases",
    ),
    "one request, two PPAs": (
        [told("a", 0, 1, 9, request="r"), told("b", 2, 3, 9, ppa="q", request="r")], [], "request r has two leases",
    ),
    "one request, two groups": (
        [told("a", 0, 1, 9, group="g"), told("b", 2, 3, 9, ppa="q", request="request of g", group="h")], [],
        "request request of g has two leases",
    ),
    "a PPA twice in a group": (
        [told("a", 0, 1, 9, group="g"), told("b", 0, 1, 9, group="g")], [], "PPA p has two leases",
    ),
    "another PPA": ([told("a", 0, 1, 2), told("a", 3, 4, 5, ppa="q")], [], "lease a has moved"),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_a_good_history(name: str) -> None:
    """Operations that overlap, lost answers and ends are no faults."""
    tells, released = GOOD[name]
    everything = [each for ppa in "pq" for each in stood("a", "b", "c", ppa=ppa)]
    assert faults(tells, released, everything) == []
    assert faults(tells[::-1], released[::-1], everything) == []


@pytest.mark.parametrize("name", BAD)
def test_a_bad_history(name: str) -> None:
    """Each fault is found, in whatever order the operations are noted."""
    tells, released, expected = BAD[name]
    everything = [each for ppa in "pq" for each in stood("a", "b", "c", ppa=ppa)]
    for found in (faults(tells, released, everything), faults(tells[::-1], released[::-1], everything)):
        assert len(found) == 1, found
        assert found[0].startswith(expected)


@pytest.mark.parametrize(
    ("since", "until", "wrong"), [(0, 1, True), (0, 2, False), (3, 9, False), (4, 9, False), (4.1, 9, True)]
)
def test_what_was_told_stood_on_launchpad_meanwhile(since: float, until: float, wrong: bool) -> None:
    """At some moment between the call and the answer."""
    found = faults([told("a", 2, 4, 9)], [], stood("a", since=since, until=until))
    assert [text for text in found if "did not stand" in text] == found
    assert bool(found) is wrong


def test_a_lease_that_never_stood_was_made_up() -> None:
    """Nor does it help that it stood in another PPA, or another lease in this one."""
    assert len(faults([told("a", 2, 4, 9)], [], [*stood("b"), *stood("a", ppa="q")])) == 1


def test_how_long_a_lease_was_held() -> None:
    """From the first answer to the first call of its release, or to its last end."""
    tells = [told("a", 0, 1, 4), told("a", 2, 3, 9), told("b", 0, 5, 4)]
    assert held(tells, []) == [Held("request of a", "a", "p", 1, 9)]
    assert held(tells, [Released("a", 6, 8)]) == [Held("request of a", "a", "p", 1, 6)]


@pytest.mark.parametrize(("since", "wrong"), [(1, False), (3, False), (3.5, True)])
def test_a_group_stood_whole_at_one_moment(since: float, wrong: bool) -> None:
    """The first of it no longer stands when the other one comes."""
    tells = [told("a", 2, 4, 9, group="g"), told("b", 2, 4, 9, ppa="q", group="g")]
    spans = [*stood("a", until=3), *stood("b", ppa="q", since=since)]
    assert [text for text in faults(tells, [], spans) if "did not stand whole" in text] == faults(tells, [], spans)
    assert bool(faults(tells, [], spans)) is wrong
