"""The record: what is written is read again, people's words survive, and nothing doubtful is ever guessed at."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

import pytest
from hypothesis import given, strategies as st

from ppa_assigner import record as module
from ppa_assigner.record import (
    MEMBERS_MAX,
    Deleter,
    GroupClaim,
    Rank,
    Record,
    RecordError,
    State,
    Text,
    compose,
    decode,
    encode,
    format_time,
    parse,
    parse_time,
    unstorable,
    whole_seconds,
)
from ppa_assigner.reference import Reference

T0 = datetime(2026, 11, 25, 3, 14, 12, tzinfo=UTC)
LINE = (
    'ppa-assigner: {"v":1,"serial":42,"nonce":"9be2","state":"used","since":"2026-11-25T03:14:12Z",'
    '"touched":"2026-11-25T03:14:12Z","until":"2026-11-25T11:14:12Z","pool":"default","owner":"ticket-123",'
    '"lease":"4c1f","request":"build-77","attempt":0,"idle":600,"by":"jenkins","note":"n","uploader":"~ann",'
    '"held":false}'
)

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
human = st.none() | words.filter(lambda text: not any(line.startswith("ppa-assigner:") for line in text.split("\n")))
moments = st.datetimes(datetime(2004, 1, 1), datetime(2200, 12, 31)).map(  # noqa: DTZ001 - the zone follows
    lambda moment: whole_seconds(moment.replace(tzinfo=UTC))
)
counts = st.integers(0, 10**9)
optional = st.none() | words
names = st.from_regex(r"[a-z0-9][a-z0-9+.-]{0,8}", fullmatch=True)
references = st.builds(Reference, names, st.just("ubuntu"), names.filter(lambda name: name != "ubuntu"))
claims = st.builds(GroupClaim, words, references, st.builds(Rank, counts, words, words), moments)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Any record that the assigner could write."""
    state = draw(st.sampled_from(State))
    if state is State.DISCARDED:
        return draw(discarded())
    used, free = state is State.USED, state is State.FREE
    some = st.none() if free else optional
    request = draw(words if used else some)
    lead, members = draw(st.none() | references), tuple(draw(st.lists(references, unique=True, max_size=5)))
    group = None if free or not (lead or members) else draw(words)
    return Record(
        serial=draw(counts), nonce=draw(words), state=state, since=draw(moments), touched=draw(moments),
        pool=draw(words), until=draw(moments if used else st.none() | moments if some is optional else st.none()),
        owner=draw(words if used else some), lease=draw(words if used else some), request=request,
        attempt=draw(counts) if request is not None else 0,
        idle=draw(st.none() | counts) if some is optional else None,
        by=draw(some), note=draw(some), uploader=draw(some), select=draw(optional) if used else None,
        held=draw(st.booleans()) if used else False,
        tries=draw(counts) if some is optional else 0, fault=draw(some), quarantined=draw(some), cleaner=draw(some),
        leases=draw(counts), claim=draw(st.none() | claims) if free else None, group=group,
        lead=lead if group is not None else None, members=members if group is not None and lead is None else (),
        warned=draw(st.none() | moments) if used else None, made=draw(st.booleans()) if state is State.DIRTY else False,
    )  # fmt: skip


@st.composite
def discarded(draw: st.DrawFn) -> Record:
    """Any record of a PPA that is not lent again."""
    return Record(
        serial=draw(counts), nonce=draw(words), state=State.DISCARDED, since=draw(moments), touched=draw(moments),
        pool=draw(words), by=draw(optional), request=draw(optional), why=draw(optional), leases=draw(counts),
        deleter=draw(st.none() | st.builds(Deleter, words, moments)),
    )  # fmt: skip


def test_one_lease_is_counted() -> None:
    """As any number of them is."""
    record = parse(LINE).record
    assert record is not None
    one = replace(record, leases=1)
    assert parse(encode(one)).record == one


REQUIRED = {"serial", "nonce", "state", "since", "touched", "pool"}


def line(**changes: Any) -> str:
    """The line above with other fields; None takes one away."""
    data = {**json.loads(LINE.partition(" ")[2]), **changes}
    return "ppa-assigner: " + json.dumps({name: value for name, value in data.items() if value is not None})


@given(human, records())
def test_what_is_written_is_read_again(text: str | None, record: Record) -> None:
    """Any text of people's and any record come back the same, byte for byte, and None is not the empty text."""
    description = compose(text, record)
    taken = parse(description)
    assert (taken.human, taken.record, taken.fault, taken.foreign) == (text, record, None, False)


@given(human, records())
def test_the_record_is_one_ascii_line_at_the_end(text: str | None, record: Record) -> None:
    """Whatever is in it, and with one newline before it if there is any text of people's."""
    description = compose(text, record)
    last = encode(record)
    assert last.isascii()
    assert "\n" not in last
    assert description == (last if text is None else f"{text}\n{last}")


@given(human, human.filter(lambda text: text is not None), records())
def test_text_below_the_record_moves_above_it(above: str | None, below: str, record: Record) -> None:
    """Nothing of either text is lost, and writing again is stable."""
    taken = parse(f"{compose(above, record)}\n{below}")
    assert taken.record == record
    assert taken.human == (below if above is None else f"{above}\n{below}")
    assert parse(compose(taken.human, record)) == taken


@given(human)
def test_without_a_record_line_all_is_text(text: str | None) -> None:
    """A description without a record is people's alone, and no fault of it."""
    taken = parse(text)
    assert (taken.human, taken.record, taken.fault) == (text, None, None)


def test_the_line_of_the_design_is_read() -> None:
    """The fields and their form are those that other programs rely on."""
    record = parse("Nightly builds.\n" + LINE).record
    assert record is not None
    assert (record.serial, record.state, record.since, record.idle) == (42, State.USED, T0, 600)
    assert encode(record) == LINE


@given(st.text())
def test_parsing_never_raises(text: str) -> None:
    """Whatever stands after the prefix, it is a record or a fault."""
    taken = parse(f"ppa-assigner:{text}")
    assert taken.record is not None or taken.fault is not None


MALFORMED = {
    "no JSON": "ppa-assigner: nothing",
    "nothing": "ppa-assigner:",
    "cut short": LINE[:-1],
    "more behind": LINE + "}",
    "a list": "ppa-assigner: []",
    "a twin field": LINE[:-1] + ',"serial":43}',
    "a twin field deep inside": LINE[:-1] + ',"x":{"a":1,"a":2}}',
    "NaN": LINE[:-1] + ',"x":NaN}',
    "Infinity": LINE[:-1] + ',"x":-Infinity}',
    "deep": LINE[:-1] + ',"x":' + "[" * 100_000 + "}",
    "a huge number": LINE[:-1] + ',"x":' + "9" * 5_000 + "}",
    "no version": line(v=None),
    "serial negative": line(serial=-1),
    "serial true": line(serial=True),
    "serial a float": line(serial=42.0),
    "serial a text": line(serial="42"),
    "nonce a number": line(nonce=9),
    "nonce with NUL": line(nonce="\0"),
    "owner with a surrogate": line(owner="\ud800"),
    "owner with a surrogate that is not escaped": LINE.replace("ticket-123", "\ud800"),
    "no such state": line(state="lent"),
    "state a list": line(state=["used"]),
    "a time with an offset": line(since="2026-11-25T03:14:12+00:00"),
    "a time with a fraction": line(since="2026-11-25T03:14:12.5Z"),
    "a time that is none": line(since="2026-02-30T03:14:12Z"),
    "a leap second": line(since="2026-02-28T03:14:60Z"),
    "a time with other digits": line(since="٢٠٢٦-11-25T03:14:12Z"),
    "a time before Launchpad": line(touched="2003-12-31T23:59:59Z"),
    "a time at the end of time": line(until="9999-12-31T23:59:59Z"),
    "a time in too many years": line(until="2201-01-01T00:00:00Z"),
    "idle too long": line(idle=10**10 + 1),
    "a serial of 4,000 digits": LINE.replace("42", "9" * 4_000),
    "a serial beyond 2^53": line(serial=2**53 + 1),
    "tries beyond 2^53": line(tries=2**53 + 1),
    "attempt beyond 2^53": line(attempt=2**53 + 1),
    "a number below -2^53 in a field that is not known": line(x=[-(2**53) - 1]),
    "a version of 4,000 digits": LINE.replace('"v":1', '"v":' + "9" * 4_000),
    "a line of more than 64 KiB": line(x="x" * 64 * 1024),
    "a line of more than 64 KiB in UTF-8": LINE[:-1] + ',"x":"' + "é" * 33_000 + '"}',
    "texts that leave no room for the next write": line(owner="x" * 64_000),
    "such texts in other characters": LINE.replace("ticket-123", "\N{PILE OF POO}" * 4_200),
    "idle negative": line(idle=-1),
    "attempt null is absent, text is not": line(attempt="0"),
    "held a number": line(held=1),
    "used without owner": line(owner=None),
    "used without lease": line(lease=None),
    "used without request": line(request=None),
    "used without until": line(until=None),
    "two of them": LINE + "\n" + LINE,
    "two, one garbled": "ppa-assigner: x\nwords\n" + LINE,
    **{f"without {name}": line(**{name: None}) for name in ("serial", "nonce", "state", "since", "touched", "pool")},
}


@pytest.mark.parametrize("description", MALFORMED.values(), ids=MALFORMED)
def test_what_is_not_a_valid_record_is_unreadable(description: str) -> None:
    """It has no record and a fault that says why, so it can never be taken for free."""
    taken = parse(description)
    assert taken.record is None
    assert taken.fault
    assert not taken.foreign


@pytest.mark.parametrize("version", [0, 3, 10**9, "1", "2", "", True, 1.0, 2.0, [2], {}])
def test_a_foreign_version_is_told_apart(version: object) -> None:
    """It is unreadable, and never taken for an older text of ours."""
    taken = parse(line(v=version))
    assert (taken.record, taken.foreign) == (None, True)
    assert taken.fault


@pytest.mark.parametrize(
    ("written", "fault", "foreign"),
    [
        (line(v=7), "record version 7 is not known here", True),
        (line(serial=-1), "serial: not a whole number from 0 on", False),
        (f"{LINE}\n{LINE}", "2 record lines", False),
    ],
)
def test_the_text_around_a_record_that_cannot_be_read_is_kept(written: str, fault: str, foreign: bool) -> None:
    """A PPA whose record is garbled has its people's words all the same, and the reason is told."""
    assert parse(f"Nightly builds.\n{written}\nbelow") == Text("Nightly builds.\nbelow", None, fault, foreign)


def test_what_is_within_the_bounds_is_read() -> None:
    """They are those of the contract: a line of 64 KiB, integers within 2^53, the years 2004 to 2200."""
    rest = module.LONGEST_LINE - len(line(note=""))
    assert len(line(note="n" * rest)) == module.LONGEST_LINE
    assert parse(line(note="n" * rest)).record is not None
    assert parse(line(note="n" * (rest + 1))).record is None
    limits = line(
        since="2004-01-01T00:00:00Z", until="2200-12-31T23:59:59Z", serial=2**53, tries=2**53, idle=10**10, x=-(2**53)
    )  # fmt: skip
    record = parse(limits).record
    assert record is not None
    assert parse(encode(record)).record == record


def test_a_record_that_leaves_room_for_the_next_write_is_read() -> None:
    """16 KiB, when what is said for people is cut."""
    rest = module.LONGEST_LINE - 16 * 1024 - len(encode(decode(LINE.partition(" ")[2])))
    owner = "ticket-123" + "x" * rest
    assert parse(LINE.replace("ticket-123", owner)).record is not None
    assert parse(LINE.replace("ticket-123", owner + "x")).record is None


@pytest.mark.parametrize("field", ["note", "owner"])
def test_a_line_of_64_kib_is_written_whole(field: str) -> None:
    """One byte more is cut where it is said for people, and refused where it decides."""
    record = decode(LINE.partition(" ")[2])
    room = module.LONGEST_LINE - len(encode(replace(record, **cast("dict[str, Any]", {field: ""}))))
    full, more = (replace(record, **cast("dict[str, Any]", {field: "x" * n})) for n in (room, room + 1))
    assert encode(full).count("x") == room
    if field == "note":
        assert parse(encode(more)).record == replace(record, note="x" * 253 + "...")
    else:
        with pytest.raises(RecordError):
            encode(more)


def test_what_is_said_for_people_is_cut_to_256_characters() -> None:
    """Each of the three texts for itself, and only where the line would be too long."""
    record = replace(decode(LINE.partition(" ")[2]), note="n" * 256, fault="f" * 257, quarantined="q" * 80_000)
    assert decode(encode(record).partition(" ")[2]) == replace(
        record, fault="f" * 253 + "...", quarantined="q" * 253 + "..."
    )
    short = replace(record, quarantined="q" * 300)
    assert decode(encode(short).partition(" ")[2]) == short
    assert decode(encode(replace(record, note=None)).partition(" ")[2]).note is None


@given(records().filter(lambda record: record.state is not State.FREE), st.sampled_from(["note", "fault"]))
def test_a_line_that_would_be_too_long_says_less_for_people(record: Record, field: str) -> None:
    """What decides is written whole, and the line is read again."""
    long = replace(record, **cast("dict[str, Any]", {field: "\N{PILE OF POO}" * 20_000}))
    written = encode(long)
    assert len(written) <= module.LONGEST_LINE
    said = {"note": None, "fault": None, "quarantined": None}
    assert replace(decode(written.partition(" ")[2]), **cast("Any", said)) == replace(record, **cast("Any", said))


OUT_OF_BOUNDS = {
    "a line of more than 64 KiB": {"owner": "x" * 70_000},
    "a number beyond 2^53": {"serial": 2**53 + 1},
    "a negative number": {"tries": -1},
    "a year after 2200": {"until": datetime(2201, 1, 1, tzinfo=UTC)},
    "a year before 2004": {"since": datetime(2003, 1, 1, tzinfo=UTC)},
}


@pytest.mark.parametrize("changes", OUT_OF_BOUNDS.values(), ids=OUT_OF_BOUNDS)
def test_what_would_be_unreadable_is_not_written(changes: dict[str, Any]) -> None:
    """Else a daemon would take its own record for one that somebody garbled."""
    with pytest.raises(RecordError):
        encode(replace(decode(LINE.partition(" ")[2]), **changes))


def test_an_unknown_version_is_told_in_short() -> None:
    """Whatever stands in its place: the reason is shown in lists and logs."""
    assert len(parse(line(v="x" * 60_000)).fault or "") < 400


def test_unknown_fields_are_ignored_and_null_is_absent() -> None:
    """Later versions may add to a record."""
    data = {**json.loads(LINE.partition(" ")[2]), "color": ["blue"], "note": None}
    record = decode(json.dumps(data))
    assert record.note is None
    assert record.serial == 42


def test_two_record_lines_leave_the_text_between_them() -> None:
    """Adopting such a PPA keeps what people wrote."""
    assert parse(f"above\n{LINE}\nbetween\n{LINE}\nbelow").human == "above\nbetween\nbelow"
    assert parse(f"{LINE}\n{LINE}").human == ""
    assert parse(LINE).human is None


def test_a_record_line_in_the_middle_of_a_line_is_text() -> None:
    """Only the start of a line makes a record."""
    assert parse(f"see {LINE}").record is None
    assert parse(f"see {LINE}").fault is None


def test_a_record_survives_a_carriage_return() -> None:
    """An editor that writes CRLF does not make it unreadable."""
    assert parse(f"words\r\n{LINE}\r\n").record is not None


@pytest.mark.parametrize("text", ["a\0b", "\ud800", f"x\n{LINE}"])
def test_a_text_that_cannot_be_kept_is_refused(text: str) -> None:
    """NUL and lone surrogates are Launchpad's 500; a record line of its own would make two."""
    with pytest.raises(RecordError):
        compose(text, decode(LINE.partition(" ")[2]))


@pytest.mark.parametrize("field", ["nonce", "pool", "owner", "note", "fault", "cleaner"])
def test_a_field_that_cannot_be_kept_is_refused(field: str) -> None:
    """So that no request is sent that Launchpad answers with 500."""
    record = decode(LINE.partition(" ")[2])
    for text in ("\0", "\udc80"):
        with pytest.raises(RecordError):
            encode(replace(record, **cast("dict[str, Any]", {field: text})))


def test_free_says_nothing_of_a_lease() -> None:
    """What says nothing in a state is not written."""
    record = Record(serial=1, nonce="n", state=State.FREE, since=T0, touched=T0, pool="p")
    assert set(json.loads(encode(record).partition(" ")[2])) == {
        "v", "serial", "nonce", "state", "since", "touched", "pool",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "written"),
    [
        ({"state": State.USED}, {"attempt", "held"}),
        ({"state": State.USED, "told": False}, {"attempt", "held"}),
        ({"state": State.USED, "began": T0, "published": True}, {"attempt", "held"}),
        ({"state": State.DIRTY, "tries": 1, "told": False}, {"attempt", "tries", "told"}),
        ({"state": State.DIRTY, "began": T0, "published": True}, {"attempt", "began", "published"}),
        ({"state": State.DIRTY, "request": None, "tries": 0}, set()),
    ],
)
def test_what_says_nothing_in_a_state_is_left_out(changes: dict[str, Any], written: set[str]) -> None:
    """Each attempt to clean is counted from the first on; whoever has a lease was told of it, or will be."""
    record = replace(decode(LINE.partition(" ")[2]), **changes)
    said = json.loads(encode(record).partition(" ")[2])
    assert said.keys() & {"attempt", "held", "tries", "told", "began", "published"} == written


def test_a_lease_or_a_clean_in_a_free_record_means_nothing() -> None:
    """Somebody edited it: a free PPA is nobody's, so nobody's release or touch is about it."""
    assert parse(line(state="free", tries=3, fault="f", quarantined="q", cleaner="c")).record == Record(
        serial=42, nonce="9be2", state=State.FREE, since=T0, touched=T0, pool="default"
    )


def test_every_field_is_read() -> None:
    """A field added to the record without a reader would be lost at each write."""
    said: dict[Any, Any] = {
        "str": "x", "int": 7, "bool": True, "datetime": T0, "State": State.FREE, "GroupClaim": CLAIM,
        "Reference": CLAIM.lead, "tuple[Reference, ...]": (CLAIM.lead,), "Deleter": Deleter("x", T0),
    }  # fmt: skip
    given: dict[str, Any] = {field.name: said[str(field.type).removesuffix(" | None")] for field in fields(Record)}
    nothing: dict[str, Any] = {field.name: field.default for field in fields(Record)}
    of_free, of_discarded = {"claim", "leases"}, {"by", "request", "why", "deleter", "leases"}
    unsaid = {
        State.USED: {"told", "began", "published", "made", "claim", "why", "deleter", "lead"},
        State.DIRTY: {"held", "select", "warned", "claim", "why", "deleter", "members", "want"},
        State.FREE: nothing.keys() - REQUIRED - of_free,
        State.DISCARDED: nothing.keys() - REQUIRED - of_discarded,
    }
    read = set()
    for state, names in unsaid.items():
        record = Record(**given | {"state": state, "told": False} | {name: nothing[name] for name in names})
        assert decode(encode(record).partition(" ")[2]) == record
        read |= given.keys() - names
    assert read == given.keys()


GROUP: dict[str, Any] = {"v": 2, "group": "g", "members": ["~a/ubuntu/b"]}
MALFORMED_GROUPS: dict[str, Any] = {
    "neither lead nor members": {"members": None},
    "both": {"lead": "~a/ubuntu/c"},
    "no group": {"group": None},
    "no member": {"members": []},
    "a member twice": {"members": ["~a/ubuntu/b", "~a/ubuntu/b"]},
    "too many": {"members": [f"~a/ubuntu/{number}" for number in range(MEMBERS_MAX + 1)]},
    "another form of a name": {"members": ["ppa:a/b"]},
    "a lead that is none": {"members": None, "lead": "~a/ubuntu"},
    "members in one text": {"members": "~a/ubuntu/b"},
    "a version after that": {"v": 3},
}
CLAIM = GroupClaim("g", Reference("a", "ubuntu", "b"), Rank(1_000, "", "build-77"), T0)
CLAIMED = {"group": "g", "lead": "~a/ubuntu/b", "rank": [1_000, "", "build-77"], "at": "2026-11-25T03:14:12Z"}
MALFORMED_CLAIMS: dict[str, Any] = {
    "a text": "g",
    **{f"without {name}": {key: value for key, value in CLAIMED.items() if key != name} for name in CLAIMED},
    "a short rank": {**CLAIMED, "rank": [1_000, ""]},
    "a negative rank": {**CLAIMED, "rank": [-1, "", "r"]},
    "a rank of a nameless request": {**CLAIMED, "rank": [1, "", None]},
    "an old claim": {**CLAIMED, "at": "1999-11-25T03:14:12Z"},
}


@pytest.mark.parametrize("changes", MALFORMED_GROUPS.values(), ids=MALFORMED_GROUPS)
def test_half_a_group_is_unreadable(changes: dict[str, Any]) -> None:
    """Nobody can tell then whose lease it is."""
    assert parse(line(**GROUP)).record is not None
    assert parse(line(**GROUP | changes)).record is None


NAMED: dict[str, tuple[dict[str, Any], str]] = {
    "another form of a name": ({"members": ["ppa:a/b"]}, "members: not a PPA like"),
    "members in one text": ({"members": "~a/ubuntu/b"}, "members: not a list"),
    "a claim that is a text": ({"claim": "g"}, "claim: not a JSON object"),
    "a claim without two of its parts": (
        {"claim": {key: CLAIMED[key] for key in ("group", "rank")}}, "claim: without lead, at"
    ),
    "a short rank": ({"claim": {**CLAIMED, "rank": [1_000, ""]}}, "claim: rank: not a list of key, client"),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "fault"), NAMED.values(), ids=NAMED)
def test_a_person_is_told_which_part_cannot_be_read(changes: dict[str, Any], fault: str) -> None:
    """By the name of the field, and of the part in it."""
    assert fault in (parse(line(v=2, **changes)).fault or "")


@pytest.mark.parametrize("claim", MALFORMED_CLAIMS.values(), ids=MALFORMED_CLAIMS)
def test_half_a_claim_is_unreadable(claim: object) -> None:
    """Nobody can tell then who may take it off."""
    free = parse(line(v=2, state="free", claim=CLAIMED)).record
    assert free is not None
    assert free.claim == CLAIM
    assert parse(line(v=2, state="free", claim=claim)).record is None


def test_half_a_group_is_not_written() -> None:
    """Who writes it would be the first who cannot read it."""
    record = decode(LINE.partition(" ")[2])
    for changes in ({"group": "g"}, {"lead": CLAIM.lead}, {"members": (CLAIM.lead,)}):
        with pytest.raises(RecordError):
            encode(replace(record, **cast("dict[str, Any]", changes)))


def test_the_largest_group_is_read_and_written() -> None:
    """With names longer than any that is."""
    members = tuple(Reference("a" * 60, "ubuntu", f"{number:060}") for number in range(MEMBERS_MAX))
    record = replace(decode(LINE.partition(" ")[2]), group="g" * 32, members=members, note="\u20ac" * 1024)
    assert parse(encode(record)).record == record


def test_the_lower_rank_is_older() -> None:
    """By key, then client, then request id: of two wishes one is older."""
    younger = [Rank(2, "b", "a"), Rank(2, "a", "b"), Rank(2, "a", "a"), Rank(2, "", "a"), Rank(1, "b", "z")]
    assert sorted(younger) == younger[::-1]


@given(moments)
def test_times_come_back(moment: datetime) -> None:
    """Whole seconds in UTC, with a Z."""
    assert parse_time(format_time(moment)) == moment
    assert format_time(moment).endswith("Z")


@pytest.fixture
def _tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A host whose own time is not UTC."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "JST-9")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_tokyo")
def test_times_are_utc_in_whole_seconds() -> None:
    """Whatever zone a moment or the host is of; what is less than a second is left out."""
    moment = T0.astimezone(timezone(timedelta(hours=5))) + timedelta(seconds=0.9)
    assert format_time(moment) == "2026-11-25T03:14:12Z"
    assert (whole_seconds(moment), whole_seconds(moment).tzinfo) == (T0, UTC)
    assert (parse_time(format_time(moment)), parse_time(format_time(moment)).tzinfo) == (T0, UTC)


def test_unstorable_texts_are_known() -> None:
    """Everything else goes through Launchpad byte for byte."""
    assert unstorable("a\0")
    assert unstorable("\ud83d")
    assert not unstorable("😀\x01\u2028\r\n")
