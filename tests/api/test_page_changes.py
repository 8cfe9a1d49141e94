"""What the page's script is sent: all at first, then what has changed since, and no more than that."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from ppa_assigner.api.page.html import Element, element, join
from ppa_assigner.api.page.overview import WAITING
from ppa_assigner.record import State
from ppa_assigner.reference import Reference
from ppa_assigner.views import Condition, Snapshot, WaitingView, WantedView

from .fakes import END, FREE, NOW, ONE, TWO, USED, Served

LENT = Snapshot(ONE, "default", USED, Condition.OK, NOW, end=END)
LISTED = Snapshot(TWO, "default", FREE, Condition.OK, NOW)


def changes(api: Served, after: dict[str, Any] | None = None) -> dict[str, Any]:
    """The answer to a script that has had this one before."""
    found: dict[str, Any] = api.http.get("/page/changes", params={"after": after["place"] if after else ""}).json()
    return found


def names(answer: dict[str, Any]) -> set[str]:
    """The PPAs whose rows were sent."""
    return {row["facts"]["ppa"] for row in answer["ppas"]}


@pytest.fixture(name="first")
def _first(api: Served) -> dict[str, Any]:
    api.backend.known = [LENT, LISTED]
    return changes(api)


def test_all_is_sent_once(api: Served, first: dict[str, Any]) -> None:
    """Then nothing, as long as nothing changes; a script that asks anew is sent all."""
    assert (first["whole"], names(first)) == (True, {str(ONE), str(TWO)})
    second = changes(api, first)
    assert (second["whole"], second["ppas"]) == (False, [])
    assert changes(api)["ppas"] == first["ppas"]


def test_what_changed_is_sent_to_each_who_has_it_older(api: Served, first: dict[str, Any]) -> None:
    """Whoever else asked in between."""
    api.backend.known = [LENT, replace(LISTED, record=replace(FREE, state=State.DIRTY))]
    for _ in range(2):
        second = changes(api, first)
        assert (second["whole"], names(second)) == (False, {str(TWO)})
        assert second["ppas"][0]["facts"]["state"] == "dirty"
    assert names(changes(api, second)) == set()


def test_a_ppa_that_was_only_looked_at_again_is_not_sent(api: Served, first: dict[str, Any]) -> None:
    """Its row says the same, whatever the time is: the script tells times itself."""
    api.backend.known = [replace(each, seen=NOW + timedelta(minutes=1)) for each in (LENT, LISTED)]
    second = changes(api, first)
    assert (second["ppas"], second["place"]) == ([], first["place"])


def test_when_a_ppa_was_seen_is_told_while_it_cannot_be_reached(api: Served, first: dict[str, Any]) -> None:
    """So a look that is new is sent then."""
    api.backend.known = [replace(LENT, condition=Condition.UNREACHABLE), LISTED]
    second = changes(api, first)
    api.backend.known = [replace(api.backend.known[0], seen=NOW + timedelta(minutes=1)), LISTED]
    third = changes(api, second)
    assert [names(second), names(third)] == [{str(ONE)}, {str(ONE)}]
    assert "2026-11-25T03:15:12Z" in str(third["ppas"])


def test_what_is_listed_no_more_goes(api: Served, first: dict[str, Any]) -> None:
    """Whoever knows of it is sent the whole table, once."""
    api.backend.known = [LENT]
    second = changes(api, first)
    assert (second["whole"], names(second)) == (True, {str(ONE)})
    third = changes(api, second)
    assert (third["whole"], third["ppas"]) == (False, [])


def test_where_launchpads_pages_are_is_known_late(api: Served, first: dict[str, Any]) -> None:
    """All rows have the new address."""
    api.backend.known = [replace(LENT, web=f"https://staging.example/{ONE.path}"), LISTED]
    second = changes(api, first)
    assert (second["whole"], names(second)) == (True, {str(ONE), str(TWO)})
    assert str(second["ppas"]).count("https://staging.example/") == 2


@pytest.mark.parametrize(
    "place", ["x.1.1", "0", "0.1", "0.a.1", "0.-1.1", "0.99.0", "0." + "9" * 5000 + ".1", "0.\u0661.1"]
)
def test_a_place_of_another_start_is_none(api: Served, first: dict[str, Any], place: str) -> None:
    """Nor is any other text."""
    answer = changes(api, {"place": place})
    assert (answer["whole"], answer["ppas"]) == (True, first["ppas"])


def test_what_happened_is_sent_once_and_the_newest_first(api: Served, first: dict[str, Any]) -> None:
    """What only tells progress, or what a start found, is not among it."""
    events = api.backend.events
    moved = {"from": "free", "to": "used", "why": "assigned", "owner": "mia"}
    events.add(NOW, ONE, "transition", {**moved, "from": None})
    for number in range(40):
        events.add(NOW, ONE, "transition", {**moved, "owner": f"mia-{number}"})
    events.add(NOW, ONE, "clean", {})
    second = changes(api, first)
    told = [str(line) for line in second["lately"]]
    assert (len(told), "mia-39" in told[0], "mia-10" in told[-1]) == (30, True, True)
    assert second["follow"] == f"{events.run}-42"
    events.add(NOW, ONE, "alarm", {"text": f"{ONE}: gone"})
    third = changes(api, second)
    assert [str(line).count("gone") for line in third["lately"]] == [1]
    assert changes(api, third)["lately"] == []


def test_what_happens_while_the_answer_is_made_is_told_once(api: Served, first: dict[str, Any]) -> None:
    """By the next answer."""
    events = api.backend.events

    class Moving(list[Snapshot]):
        """PPAs that move while they are looked at."""

        def __iter__(self) -> Iterator[Snapshot]:
            events.add(NOW, ONE, "alarm", {"text": "looked at"})
            return super().__iter__()

    api.backend.known = Moving(api.backend.known)
    answers = [first]
    for _ in range(3):
        answers.append(changes(api, answers[-1]))
    api.backend.known = list(api.backend.known)
    answers.append(changes(api, answers[-1]))
    assert sum(len(answer["lately"]) for answer in answers) == events.newest


def test_elements_are_the_same_as_data_and_as_html() -> None:
    """A text is escaped in HTML, and is left as it is for a script, which makes a text of it."""
    made = element("td", "<b>", element("bdi", "&"), None, class_="x", title='"', data_form=None)
    assert made == Element("td", {"class": "x", "title": '"'}, ["<b>", Element("bdi", {}, ["&"])])
    assert join([made, "<"]) == '<td class="x" title="&quot;">&lt;b&gt;<bdi>&amp;</bdi></td>&lt;'


@pytest.mark.parametrize("path", ["/", "/page/changes"])
@pytest.mark.parametrize(
    ("accepted", "packed"),
    [("gzip, deflate, br", True), ("br, GZIP;q=0.5", True), ("identity", False), ("gzip;q=0, *", False)],
)
def test_many_rows_are_compressed_for_who_takes_that(api: Served, path: str, accepted: str, packed: bool) -> None:
    """A tenth is left at most; what is in it is the same."""
    api.backend.known = [replace(LISTED, ppa=Reference.parse(f"~ci/ubuntu/pool-{number}")) for number in range(300)]
    plain = api.http.get(path, headers={"Accept-Encoding": "identity"})
    found = api.http.get(path, headers={"Accept-Encoding": accepted})
    length = int(found.headers["content-length"])
    assert (found.headers.get("content-encoding") == "gzip") is packed
    assert (length < len(plain.content) / 10) is packed
    assert found.headers["vary"] == "Accept-Encoding"
    assert re.findall("pool-[0-9]+", found.text) == re.findall("pool-[0-9]+", plain.text)
    assert api.http.head(path, headers={"Accept-Encoding": accepted}).headers.get("content-encoding") == (
        "gzip" if packed else None
    )


def test_who_waits_is_sent_with_place_and_reason(api: Served, first: dict[str, Any]) -> None:
    """Of many the first ones; hostile text is text, in the page without a script too."""
    assert first["waiting"] == []
    wanted = (WantedView("default", 2, "size=big"), WantedView("other"))
    one = WaitingView("r", "<b>me</b>", "default", wanted, NOW, 7, 1, "why not")
    api.backend.waiting = [one, *(replace(one, position=n, want=(WantedView("default"),)) for n in range(2, 23))]
    found = changes(api)["waiting"]
    assert len(found) == WAITING + 1
    assert text_of(found[0]) == " 1 in default <b>me</b>, priority 7, for 2 of default (size=big), 1 of other: why not"
    assert text_of(found[1]) == " 2 in default <b>me</b>, priority 7: why not"
    assert text_of(found[-1]) == "and 2 more"
    assert "&lt;b&gt;me&lt;/b&gt;, priority 7" in re.sub("</?bdi>", "", api.http.get("/").text)


def text_of(tree: Any) -> str:
    """What is read of an element that is sent as data."""
    return tree if isinstance(tree, str) else "".join(map(text_of, tree[2]))
