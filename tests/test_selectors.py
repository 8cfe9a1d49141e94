"""Selectors mean what they mean to Kubernetes, and what they cannot mean is said in one line, with the place."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from ppa_assigner.selectors import (
    EVERYTHING,
    MOST_CHARACTERS,
    Operator,
    Requirement,
    Selector,
    SelectorError,
    key_fault,
    parse,
    value_fault,
)

LABELS = {"size": "big", "env": "prod", "lp/arch-riscv64": "", "in": "notin", "a.b/c": "d"}

MATCHES = [
    "", "  ", "size", "size=big", "size==big", " size = big ", "size=big,env=prod", "size in (big,small)",
    "size notin (small)", "size!=small", "!gpu", "gpu!=yes", "gpu notin (yes,no)", "lp/arch-riscv64",
    "lp/arch-riscv64=", "lp/arch-riscv64==", "lp/arch-riscv64=,size", "lp/arch-riscv64 in (,x)",
    "lp/arch-riscv64 in (x,)", "lp/arch-riscv64 in (,)", "lp/arch-riscv64 in (x,,y)", "in", "in=notin", "in in (notin)",
    "in notin (in)", "a.b/c=d", "size in(big)", "size\tin\n( big , small )", "! gpu", "gpu!=", "size!=", "!gpu,!cpu",
]  # fmt: skip
DIFFERS = [
    "gpu", "gpu=", "gpu=yes", "gpu in (yes)", "gpu in (,)", "size=small", "size!=big", "size notin (big,small)",
    "!size", "lp/arch-riscv64!=", "lp/arch-riscv64 notin (,x)", "size=big,env=test", "size,gpu", "Size=big", "size=Big",
]  # fmt: skip
WRONG = {
    "size=big,": "column 10: expected a key, found the end",
    ",size": "column 1: expected a key, found ','",
    "size,,env": "column 6: expected a key, found ','",
    "!": "column 2: expected a key, found the end",
    "!!size": "column 2: expected a key, found '!'",
    "=big": "column 1: expected a key, found '='",
    "!size=big": "column 6: expected a comma or the end, found '='",
    "size big": "column 6: expected =, ==, !=, in, notin, a comma or the end, found 'big'",
    "size>1": "column 5: expected =, ==, !=, in, notin, a comma or the end, found '>'",
    "size<1": "column 5: expected =, ==, !=, in, notin, a comma or the end, found '<'",
    "size=a b": "column 8: expected a comma or the end, found 'b'",
    "size===big": "column 7: expected a value, found '='",
    "size=!big": "column 6: expected a value, found '!'",
    "size=(big)": "column 6: expected a value, found '('",
    "size in big": "column 9: expected (, found 'big'",
    "size in": "column 8: expected (, found the end",
    "size in ()": "column 9: '(' begins an empty list; name at least one value",
    "size in (big": "column 13: expected a comma or ), found the end",
    "size in (big small)": "column 14: expected a comma or ), found 'small'",
    "size in (big=small)": "column 13: expected a comma or ), found '='",
    "size IN (big)": "column 6: expected =, ==, !=, in, notin, a comma or the end, found 'IN'",
    "-size": "column 1: '-size' is not 1 to 63 letters, digits",
    "a/b/c": "column 1: 'a/b/c' has a prefix that is not a DNS name",
    "/size": "column 1: '/size' has a prefix that is not a DNS name",
    "A.b/size": "column 1: 'A.b/size' has a prefix that is not a DNS name",
    "a..b/size": "column 1: 'a..b/size' has a prefix that is not a DNS name",
    "lp/": "column 1: 'lp/' is not 1 to 63 letters, digits",
    "size=-big": "column 6: '-big' is neither empty nor 1 to 63 letters, digits",
    "size=big/small": "column 6: 'big/small' is neither empty nor",
    "size in (a,grö)": "column 12: 'grö' is neither empty nor",
}


@pytest.mark.parametrize("text", MATCHES)
def test_what_matches_in_kubernetes_matches(text: str) -> None:
    """`!=` and `notin` too where the key is absent; values may be left out, and are empty then."""
    assert parse(text).matches(LABELS)


@pytest.mark.parametrize("text", DIFFERS)
def test_what_does_not_match_in_kubernetes_does_not(text: str) -> None:
    """An empty value is not an absent key, and case counts."""
    assert not parse(text).matches(LABELS)


@pytest.mark.parametrize(("text", "why"), WRONG.items())
def test_what_is_wrong_is_said_with_its_place(text: str, why: str) -> None:
    """In one line that repeats the selector."""
    with pytest.raises(SelectorError) as raised:
        parse(text)
    said = str(raised.value)
    assert said.startswith(f"selector {text!r}, {why}")
    assert "\n" not in said


def test_a_long_selector_is_refused_at_once() -> None:
    """And a long wrong one is cut where it is repeated."""
    with pytest.raises(SelectorError, match="1025 characters; at most 1024"):
        parse("a" * (MOST_CHARACTERS + 1))
    with pytest.raises(SelectorError, match="column 1") as raised:
        parse("a" * MOST_CHARACTERS)
    assert len(str(raised.value)) < 300
    with pytest.raises(SelectorError) as raised:
        parse(whole := "a" * 39 + "!")
    assert repr(whole) in str(raised.value)


@pytest.mark.parametrize(
    ("key", "good"),
    [
        ("a", True), ("A-b_c.D9", True), ("9", True), ("k" * 63, True), ("k" * 64, False), ("", False), ("a-", False),
        ("_a", False), ("a b", False), ("ä", False), ("example.com/a", True), ("example.com/", False), ("x/y/z", False),
        (f"{'a.' * 126}a/k", True), (f"{'a.' * 126}ab/k", False), ("-a.b/k", False), ("a-.b/k", False),
        ("a_b/k", False), ("a-b.c/k", True),
    ],
)  # fmt: skip
def test_keys_follow_the_rules_of_kubernetes(key: str, good: bool) -> None:
    """A name of at most 63 characters, after a DNS name of at most 253 and a slash where there is one."""
    assert (key_fault(key) is None) is good


@pytest.mark.parametrize(
    ("value", "good"),
    [("", True), ("v" * 63, True), ("v" * 64, False), ("a/b", False), ("-", False), ("1.0_x", True), ("~a", False)],
)
def test_values_follow_the_rules_of_kubernetes(value: str, good: bool) -> None:
    """Empty, or as the name of a key."""
    assert (value_fault(value) is None) is good


def test_the_same_in_other_words_is_the_same() -> None:
    """So that who asks again may order and write it as it likes."""
    assert parse("b, a==1,c in (y,x)") == parse("c in(x,y),a=1,b,b")
    assert str(parse("b, a==1,c in (y,x),d notin (z),!e")) == "!e,a=1,b,c in (x,y),d!=z"
    assert parse("") == EVERYTHING


def test_nothing_is_concluded_from_what_was_not_told() -> None:
    """A key that is not known yet is neither there nor absent, but what is known may decide."""
    labels, untold = {"size": "big"}, ("lp/arch-", "lp/private")
    assert parse("lp/arch-armhf").judge(labels, untold) is None
    assert parse("!lp/arch-armhf").judge(labels, untold) is None
    assert parse("lp/private=true,size=big").judge(labels, untold) is None
    assert parse("lp/private=true,size!=big").judge(labels, untold) is False
    assert parse("lp/owner").judge(labels, untold) is False
    assert parse("lp/arch-armhf").judge(labels) is False
    assert parse("!lp/arch-armhf").judge(labels) is True
    assert parse("a,lp/arch-armhf").asks_about("lp/arch-")
    assert not parse("a,lp/owner").asks_about("lp/arch-")


# -- any selector ------------------------------------------------------------------------------------------------------

words = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,5}[A-Za-z0-9])?", fullmatch=True)
keys = st.sampled_from(["a", "b", "in", "notin", "lp/private", "example.com/size"]) | words
values = st.sampled_from(["", "1", "2", "in"]) | words
labels = st.dictionaries(keys, values, max_size=4)
requirements = st.builds(
    Requirement, keys, st.sampled_from([Operator.IN, Operator.NOT_IN]), st.frozensets(values, min_size=1, max_size=3)
) | st.builds(Requirement, keys, st.sampled_from([Operator.EXISTS, Operator.ABSENT]))
selectors = st.builds(Selector, st.frozensets(requirements, max_size=4))


@given(selectors)
def test_what_is_printed_is_read_again(selector: Selector) -> None:
    """As the same selector."""
    assert parse(str(selector)) == selector


@given(selectors, labels)
def test_a_comma_means_and(selector: Selector, there: dict[str, str]) -> None:
    """All parts are met, or not all of it is."""
    assert selector.matches(there) == all(parse(str(one)).matches(there) for one in selector.requirements)


@given(requirements, labels)
def test_opposites_never_agree(one: Requirement, there: dict[str, str]) -> None:
    """Of `in` and `notin`, and of a key and its absence, exactly one matches, whatever the labels."""
    opposite = {
        Operator.IN: Operator.NOT_IN,
        Operator.NOT_IN: Operator.IN,
        Operator.EXISTS: Operator.ABSENT,
        Operator.ABSENT: Operator.EXISTS,
    }[one.operator]
    assert one.matches(there) != Requirement(one.key, opposite, one.values).matches(there)


@given(selectors, labels, labels)
def test_what_is_told_later_never_contradicts(selector: Selector, known: dict[str, str], later: dict[str, str]) -> None:
    """A judgement that was made while something was untold holds when that is told."""
    known = {key: value for key, value in known.items() if not key.startswith("a")}
    whole = known | {key: value for key, value in later.items() if key.startswith("a")}
    assert selector.judge(known, ("a",)) in (None, selector.matches(whole))
    assert selector.judge(whole) is selector.matches(whole)


@given(st.text(st.sampled_from("ab=!(), <>in./-_é\n"), max_size=20) | st.text(max_size=30))
def test_any_text_is_a_selector_or_refused_in_one_line(text: str) -> None:
    """Never anything else, and what is taken means the same when it was printed."""
    found = _parsed(text)
    assert found.isprintable() if isinstance(found, str) else parse(str(found)) == found


def _parsed(text: str) -> Selector | str:
    try:
        return parse(text)
    except SelectorError as error:
        return str(error)
