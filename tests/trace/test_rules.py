"""A trace that was falsified is noticed, by the very rule that the false line breaks; one that was not is allowed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from ppa_assigner.record import State, compose, parse

from . import history, replay, rules
from .lives import Life, Told, answers, asks, effect, life, rewritten, tells, writes


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Life:
    """A true one."""
    return life(tmp_path_factory.mktemp("life"))


def contradictions(one: Life) -> list[str]:
    """All that is wrong with it, rules and history, but for the literal replay."""
    lines = one.read()
    return [*rules.broken(lines), *history.contradicted(history.doings(lines), lines[0].ppa, one.texts)]


def test_a_true_trace_is_allowed(real: Life) -> None:
    """By the replay, by all rules and by the history; and it has all that they speak of."""
    assert list(replay.replayed(real.read())) == []
    assert contradictions(real) == []
    for kind in ("Write", "Apply", "Survey", "LookForNewContent", "Read"):
        assert any(asks(kind)(line) for line in real.lines if "event" in line), kind
    assert sum(tells(line) for line in real.lines if "event" in line) == 3


def _second_request(line: Told) -> None:
    line["effects"].append({"is": "Read"})


def _back_in_time(line: Told) -> None:
    line["now"]["boot"] -= 10_000.0


def _other_reason(line: Told) -> None:
    line["after"]["pending"]["why"] = "TOUCH"


def _told_as(line: Told) -> None:
    effect(line, "Transition")["why"] = "released"


def _forgets(line: Told) -> None:
    del line["after"]["pending"]


def _unread(line: Told) -> None:
    line["event"] = {"is": "Answered", "value": {"is": "Unavailable", "reason": "down"}}


def _acts(line: Told) -> None:
    line["effects"] = [
        {"is": "Apply", "change": {"is": "Revoke", "who": "~ann"}, "entry": effect(line, "Write")["entry"],
         "not_after": 0.0}
    ]  # fmt: skip


def _tells_another(line: Told) -> None:
    effect(line, "Reply")["outcome"]["record"]["nonce"] = "f" * 32


def _late(line: Told) -> None:
    effect(line, "Apply")["not_after"] += 100.0


def _something_there(line: Told) -> None:
    publication = {"is": "Publication", "url": "memory:x", "name": "x", "version": "1", "where": "noble"}
    line["event"]["value"]["sources"] = [publication]


def _too_soon(line: Told) -> None:
    line["event"]["value"]["moment"]["started"] -= 99.0


def _arrived(line: Told) -> None:
    line["event"]["value"]["count"] = 1


FALSE: dict[str, tuple[str, Callable[[Told], bool], Callable[[Told], Any]]] = {
    "a second request": ("one_thing_at_a_time", asks("Survey"), _second_request),
    "time goes back": ("one_thing_at_a_time", asks("Survey"), _back_in_time),
    "a write for another reason": ("legal_moves", writes("ASSIGN"), _other_reason),
    "a move that is told as another": ("legal_moves", lambda line: tells(line) or _moves(line), _told_as),
    "a serial that was there": ("serials_grow", writes("RELEASE"), lambda line: rewritten(line, serial=1)),
    "a write in doubt that is forgotten": ("no_write_in_doubt", answers("Unknown"), _forgets),
    "a lease that was not shown": ("told_after_it_was_shown", tells, _tells_another),
    "a change that may leave too late": ("behind_a_fence", asks("Apply"), _late),
    "free although something is there": ("free_after_a_proof", writes("FREE"), _something_there),
    "lent although something arrived": ("lent_when_empty", answers("NewContent"), _arrived),
}


def _moves(line: Told) -> bool:
    return any(one["is"] == "Transition" and one["why"] == "assigned" for one in line["effects"])


@pytest.mark.parametrize("name", FALSE)
def test_a_false_line_breaks_its_rule(real: Life, name: str) -> None:
    """And the line is named."""
    rule, wanted, change = FALSE[name]
    found = contradictions(real.falsified(wanted, change))
    assert any(one.startswith(f"{rule}: life.jsonl:") for one in found), found


def test_every_rule_is_broken_by_one_of_these() -> None:
    """A rule that nothing breaks is none."""
    assert {rule for rule, _, _ in FALSE.values()} == {rule.__name__ for rule in rules.RULES}


@pytest.mark.parametrize("change", [_unread, _acts, lambda line: rewritten(line, pool="else")])
def test_what_is_written_to_settle_follows_a_read_and_changes_nothing(
    real: Life, change: Callable[[Told], object]
) -> None:
    """An answer that shows nothing, a change of something else, or another record is not how a write is settled."""
    found = contradictions(real.falsified(lambda line: answers("Entry")(line) and _settles(line), change))
    assert any(one.startswith("no_write_in_doubt: ") for one in found), found


def _settles(line: Told) -> bool:
    return asks("Write")(line) and len(line["after"]["pending"]["nonces"]) > 1


def test_a_release_is_not_proved_by_a_look_that_began_too_soon(real: Life) -> None:
    """The quiet window counts from the last change, here a deletion."""
    found = contradictions(real.falsified(writes("FREE"), _too_soon, last=True))
    assert any(one.startswith("free_after_a_proof: ") for one in found), found


def test_an_answer_that_is_left_out_is_missed(real: Life) -> None:
    """What came next is not the answer to what was asked."""
    found = contradictions(real.without(answers("Done")))
    assert any(one.startswith("one_thing_at_a_time: ") for one in found), found


def test_a_nonce_that_was_sent_before_is_noticed(real: Life) -> None:
    """By whichever daemon, about whichever PPA."""
    first = next(line for line in real.read() if list(rules.written(line)))
    ((_, record),) = rules.written(first)
    found = contradictions(real.falsified(writes("RELEASE"), lambda line: rewritten(line, nonce=record.nonce)))
    assert any(one.startswith("nonces_are_new: ") for one in found), found


# -- against what stood ------------------------------------------------------------------------------------------------


def test_what_landed_in_another_order_is_noticed(real: Life) -> None:
    """A compare-and-swap lands over what it was sent over."""
    texts = [*real.texts[:3], real.texts[4], real.texts[3], *real.texts[5:]]
    assert any(one.startswith("landed_in_order: ") for one in contradictions(Life(real.lines, tuple(texts))))


def test_what_nobody_sent_is_noticed_where_people_left_it_alone(real: Life) -> None:
    """And what landed is what was sent, to the letter."""
    lines = real.read()
    done = history.doings(lines)
    for facts in ({"nonce": "0" * 32}, {"note": "another"}):
        texts = (*real.texts[:-1], _changed(real.texts[-1], **facts))
        found = list(history.contradicted(done, lines[0].ppa, texts))
        assert any(one.startswith("landed_was_sent: ") for one in found), found
    texts = (*real.texts[:-1], _changed(real.texts[-1], nonce="0" * 32))
    assert list(history.contradicted(done, lines[0].ppa, texts, by_people=True)) == []


def _changed(text: str | None, **facts: Any) -> str:
    record = parse(text).record
    assert record is not None
    return compose(None, replace(record, **facts))


def test_a_lease_that_never_stood_is_not_told(real: Life) -> None:
    """Not even if everything else is true."""
    told = real.falsified(tells, lambda line: effect(line, "Reply")["outcome"]["record"].update(lease="made up"))
    assert any(one.startswith("told_what_stood: ") for one in contradictions(told))


def test_a_ppa_that_is_lent_over_a_lease_is_noticed(real: Life) -> None:
    """Used by one, it is not used by another next."""
    used = next(text for text in real.texts if _state(text) is State.USED)

    def over_a_lease(line: Told) -> None:
        effect(line, "Write")["entry"]["description"] = used

    false = real.falsified(writes("ASSIGN"), over_a_lease, last=True)
    at = max(number for number, text in enumerate(real.texts) if _state(text) is State.FREE)
    texts = (*real.texts[:at], used, *real.texts[at + 1 :])
    found = contradictions(Life(false.lines, texts))
    assert any(one.startswith("lent_once: ") for one in found), found
    assert any(one.startswith("lent_when_empty: ") for one in found), found


def _state(text: str | None) -> State | None:
    record = parse(text).record
    return record.state if record is not None else None
