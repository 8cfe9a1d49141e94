"""The one retry policy: what the type promises, that nobody has a formula of his own, and what the docs say of it."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from ppa_assigner import backoff
from ppa_assigner.backoff import Backoff, jitter_of
from ppa_assigner.options import PoolOptions

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "ppa_assigner"
PAGE = ROOT / "docs" / "reference" / "pauses.md"

durations = st.floats(0.001, 1e9)
backoffs = st.tuples(durations, durations).map(lambda pair: Backoff(min(pair), max(pair)))
failures = st.integers(0, 200) | st.integers(0, 2**63)
jitters = st.floats(0.0, 1.0, exclude_max=True)


# -- the type -------------------------------------------------------------------------------------------------------


def test_pauses_double_and_jitter_moves_them_by_half() -> None:
    """From the first to the cap; from a half less to a half more, within these bounds."""
    policy = Backoff(1.0, 60.0)
    assert [policy.pause(failed) for failed in range(8)] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0]
    assert [policy.pause(3, jitter) for jitter in (0.0, 0.5, 0.75)] == [4.0, 8.0, 10.0]
    assert [policy.pause(failed, 0.5) for failed in (0, 9)] == [1.25, 45.0]


@given(backoffs, failures, jitters | st.none())
def test_a_pause_is_never_below_the_first_nor_above_the_cap(policy: Backoff, failed: int, jitter: float | None) -> None:
    """However often it failed, and whatever the jitter is: no overflow, no pause out of bounds."""
    assert policy.first <= policy.pause(failed, jitter) <= policy.cap


@given(backoffs, st.integers(0, 10_000), jitters)
def test_pauses_grow_up_to_the_cap(policy: Backoff, failed: int, jitter: float) -> None:
    """Without jitter, and with any one jitter: the next pause is never shorter, and in the end it is the cap."""
    assert policy.pause(failed) <= policy.pause(failed + 1)
    assert policy.pause(failed, jitter) <= policy.pause(failed + 1, jitter) + 1e-9 * policy.cap
    assert policy.pause(2**63) == policy.cap
    assert policy.pause(0) == policy.first


@given(backoffs, failures, jitters)
def test_jitter_is_half_of_the_pause_at_the_most(policy: Backoff, failed: int, jitter: float) -> None:
    """Half more, or half less."""
    pause = policy.pause(failed)
    assert 0.5 * pause <= policy.pause(failed, jitter) <= 1.5 * pause


@given(backoffs, failures)
def test_jitter_tells_those_apart_who_failed_together(policy: Backoff, failed: int) -> None:
    """At the first pause and at the longest one too, unless there is only one."""
    if policy.cap >= 2 * policy.first:
        assert policy.pause(failed, 0.9) > 1.1 * policy.pause(failed, 0.1)


@given(backoffs, durations)
def test_a_lower_cap_is_kept(policy: Backoff, cap: float) -> None:
    """Also one that is below the first pause; a higher one changes nothing."""
    within = policy.within(cap)
    assert within.cap == min(policy.cap, cap)
    assert within.first <= policy.first
    assert (within == policy) is (cap >= policy.cap)


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-1.0, 1.0), (2.0, 1.0), (math.nan, 1.0), (1.0, math.nan)])
def test_what_is_no_back_off_is_refused(bounds: tuple[float, float]) -> None:
    """A pause of nothing would ask without end."""
    with pytest.raises(ValueError, match="a back-off from"):
        Backoff(*bounds)


@given(st.text())
def test_the_jitter_of_a_name_is_always_the_same(name: str) -> None:
    """In [0, 1): a run can be replayed."""
    assert 0.0 <= jitter_of(name) < 1.0
    assert jitter_of(name) == jitter_of(name)


def test_the_jitters_of_names_are_spread_evenly() -> None:
    """About as many in each tenth."""
    tenths = [int(10 * jitter_of(f"~ci-pool/ubuntu/pool-{number:04}")) for number in range(2000)]
    assert all(150 <= tenths.count(tenth) <= 250 for tenth in range(10))


# -- the table ------------------------------------------------------------------------------------------------------


def table() -> dict[str, tuple[str, str]]:
    """Each name of the table: its value as people write it, and the reason that follows it."""
    rows: dict[str, tuple[str, str]] = {}
    body = ast.parse((PACKAGE / "backoff.py").read_text()).body
    for node, after in zip(body, [*body[1:], None], strict=True):
        for name in assigned(node):
            if not name.isupper() or name.startswith("_"):
                continue
            value = getattr(backoff, name)
            grows = isinstance(value, Backoff)
            assert isinstance(after, ast.Expr), f"{name} has no reason"
            assert isinstance(after.value, ast.Constant), f"{name} has no reason"
            text = f"{value.first:g} s, doubled up to {value.cap:g} s" if grows else f"{value:g}"
            text += " s" if name.endswith("_S") else ""
            rows[name] = (text, " ".join(str(after.value.value).split()))
    return rows


def assigned(node: ast.stmt) -> Iterator[str]:
    """The names that an assignment gives a value."""
    if isinstance(node, ast.Assign):
        yield from (part.id for target in node.targets for part in ast.walk(target) if isinstance(part, ast.Name))


def page() -> dict[str, tuple[str, str]]:
    """The same as the docs have it."""
    return {
        name: (value, reason)
        for name, value, reason in cells(PAGE.read_text().partition("\n## Within one module\n")[0])
    }


def cells(text: str) -> list[list[str]]:
    """The rows of the table in it that begin with a name, cell by cell."""
    rows = (line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| `"))
    return [[cell.strip("`") for cell in row] for row in rows]


def within_modules() -> Iterator[tuple[str, str, str]]:
    """The constants of other modules that are seconds: name, module, value."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if "standin" in path.parts or path.name == "backoff.py":
            continue
        names = {name for node in ast.parse(path.read_text()).body for name in assigned(node)}
        for name in sorted(name for name in names if re.fullmatch(r"[A-Z_]+_M?S", name)):
            module = import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
            if isinstance(value := getattr(module, name), int | float):
                yield name, path.relative_to(ROOT).as_posix(), f"{value:g} {'ms' if name.endswith('_MS') else 's'}"


def test_what_one_module_alone_waits_for_is_in_the_docs() -> None:
    """Each with its value and a reason, but for names that stand for one of the other table."""
    shown = [
        (name, module, value)
        for name, module, value, _ in cells(PAGE.read_text().partition("\n## Within one module\n")[2])
    ]
    assert sorted(shown) == sorted(each for each in within_modules() if each[0] != "KEPT_S")


def test_the_docs_show_the_table() -> None:
    """Every pause and cap, with its value and its reason."""
    assert page() == table()


SAID = [
    ("explanation/protocol.md", r"leaves only within (\S+ \w+) \(`FENCE_S`", "FENCE_S"),
    ("explanation/protocol.md", r"a clean is taken over after (\w+ \w+),", "CLEANER_SILENCE_S"),
    ("explanation/protocol.md", r"or after (\w+ \w+) when an outcome was settled and nobody came back", "UNCLAIMED_S"),
    ("explanation/protocol.md", r"in all reads, at least (\w+), over \S+ s is", "ABSENCE_READS"),
    ("explanation/protocol.md", r"in all reads, at least \w+, over (\S+ \w+) is", "ABSENCE_LASTS_S"),
    ("explanation/protocol.md", r"the smaller of (\S+ \w+) \(`SILENCE_GAP_S`\) and `idle`/4", "SILENCE_GAP_S"),
    ("explanation/cleaning.md", r"leaves only within \[(\S+ \w+) of a read\]", "FENCE_S"),
    ("explanation/cleaning.md", r"touches the record every (\S+ \w+) while the work goes on", "CLEANER_TOUCH_S"),
    ("explanation/cleaning.md", r"seen unchanged for (\w+ \w+) of the reader's own", "CLEANER_SILENCE_S"),
    ("explanation/cleaning.md", r"looked at again every (\S+ \w+), and named in the progress", "CONTENT_POLL_S"),
    ("explanation/glossary.md", r"within (\S+ \w+) of an answer that showed our record", "FENCE_S"),
    ("reference/http.md", r"bring it back within (\w+ \w+) to keep", "TICKET_S"),
    ("explanation/protocol.md", r"It is void (\w+ \w+) after it was last used", "TICKET_S"),
    ("reference/http.md", r"between two of them it is kept for (\w+ \w+),", "PLACE_KEPT_S"),
    ("reference/behaviour.md", r"that somebody emptied is noticed within (\w+ \w+)\.", "UNMANAGED_S"),
]
NUMBERS = {"one": 1.0, "two": 2.0, "three": 3.0, "five": 5.0, "ten": 10.0}
SECONDS = {"s": 1.0, "second": 1.0, "minute": 60.0, "hour": 3600.0}


@pytest.mark.parametrize(("page", "sentence", "name"), SAID, ids=[f"{page} {name}" for page, _, name in SAID])
def test_numbers_in_the_docs_are_those_of_the_table(page: str, sentence: str, name: str) -> None:
    """Where a page says how long something is waited for, in words or digits."""
    text = " ".join((ROOT / "docs" / page).read_text().split())
    match = re.search(sentence, text)
    assert match is not None, f"{page} does not say {name} any more"
    number, _, unit = match[1].partition(" ")
    seconds = SECONDS[unit.rstrip("s") or "s"] if unit else 1.0
    assert (NUMBERS.get(number) or float(number)) * seconds == getattr(backoff, name)


def test_what_the_plan_of_the_clean_says_is_the_default() -> None:
    """The pauses of a failing clean are an option: five seconds at first, ten minutes at the most."""
    retry = PoolOptions().retry
    assert (retry.first, retry.max) == (5.0, 600.0)


def computed_powers(path: Path) -> Iterator[int]:
    """Lines where something is raised to a power that is not written there, or doubled up to a bound."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow) and not isinstance(node.right, ast.Constant):
            yield node.lineno
        if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "min":
            yield from (arg.lineno for arg in node.args if is_doubled(arg))


def is_doubled(node: ast.expr) -> bool:
    """Whether this is something times two."""
    sides = (node.left, node.right) if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult) else ()
    return any(isinstance(side, ast.Constant) and side.value in (2, 2.0) for side in sides)


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_nobody_has_a_formula_of_his_own(path: Path) -> None:
    """Growing pauses are computed in one place."""
    assert path == PACKAGE / "backoff.py" or not list(computed_powers(path))
