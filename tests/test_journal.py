"""The log: what systemd's journal gets, what a plain file gets, and that nobody can forge lines or fields in either."""

from __future__ import annotations

import io
import logging
import socket
import struct
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from ppa_assigner import journal
from ppa_assigner.automaton.events import Transition
from ppa_assigner.journal import JournalHandler, PlainFormatter, RateLimit, about, encoded, quoted
from ppa_assigner.record import Record, State, format_time
from ppa_assigner.reference import Reference
from ppa_assigner.supervisor.event_log import EventLog, EventWriter
from ppa_assigner.views import Condition, Snapshot
from tests.fakecrew import Desk

T0 = datetime(2026, 11, 25, 3, 14, 12, tzinfo=UTC)
PPA = Reference.parse("~owner/ubuntu/ppa")
NASTY = 'x"\nPRIORITY=0\nPPA=~other/ubuntu/ppa\n2026-11-25 03:14:12,000 ERROR all is lost\r\x1b[2J\u2028\u202e\0é'


def parsed(data: bytes) -> list[tuple[str, str]]:
    """A message as the journal reads it (systemd's "Native Journal Protocol")."""
    fields = []
    while data:
        line, _, data = data.partition(b"\n")
        name, equals, value = line.partition(b"=")
        if not equals:
            (size,), data = struct.unpack("<Q", data[:8]), data[8:]
            value, end, data = data[:size], data[size : size + 1], data[size + 1 :]
            assert end == b"\n"
        fields.append((name.decode("ascii"), value.decode()))
    return fields


class Receiver:
    """The journal's socket, and what it got."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(path))
        self.socket.settimeout(10.0)

    def next(self) -> dict[str, str]:
        """The next message; each field stands once."""
        fields = parsed(self.socket.recv(1 << 20))
        assert len(dict(fields)) == len(fields)
        return dict(fields)


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(tmp_path / "journal")
    yield made
    made.socket.close()


@pytest.fixture
def log() -> Iterator[logging.Logger]:
    """One of our own, whose handlers a test adds."""
    made = logging.getLogger("ppa_assigner.test")
    made.setLevel(logging.DEBUG)
    yield made
    for handler in list(made.handlers):
        made.removeHandler(handler)
        handler.close()


@pytest.fixture
def writer() -> Iterator[EventWriter]:
    """Whose lines go where the test's handlers are."""
    before = logging.getLogger("ppa_assigner").level
    logging.getLogger("ppa_assigner").setLevel(logging.INFO)
    yield EventWriter(EventLog(), lambda: T0)
    logging.getLogger("ppa_assigner").setLevel(before)


@contextmanager
def told_to(handler: logging.Handler) -> Iterator[None]:
    """What the writer says goes there."""
    said = logging.getLogger("ppa_assigner.supervisor.event_log")
    said.addHandler(handler)
    try:
        yield
    finally:
        said.removeHandler(handler)
        handler.close()


def record(state: State = State.USED, **fields: object) -> Record:
    """Of ticket-123, unless said otherwise."""
    given_: dict[str, object] = {"owner": "ticket-123", "lease": "4c1f", "request": "build-77", "until": T0}
    given_ |= fields
    return Record(serial=1, nonce="n", state=state, since=T0, touched=T0, pool="default", **given_)  # type: ignore[arg-type]  # a test names real fields


# -- the journal ------------------------------------------------------------------------------------------------------


def test_a_line_has_its_fields(receiver: Receiver, log: logging.Logger) -> None:
    """The message, what it is about, how grave it is, and who says it."""
    log.addHandler(JournalHandler(receiver.path))
    log.warning("%s: look here", PPA, extra=about(ppa=PPA, owner="me", lease=None, request_id="r"))
    assert receiver.next() == {
        "MESSAGE": "~owner/ubuntu/ppa: look here", "PRIORITY": "4", "SYSLOG_IDENTIFIER": "ppa-assigner",
        "LOGGER": "ppa_assigner.test", "THREAD": threading.current_thread().name, "PPA": "~owner/ubuntu/ppa",
        "OWNER": "me", "REQUEST_ID": "r",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("level", "priority"), [("debug", 7), ("info", 6), ("warning", 4), ("error", 3), ("critical", 2)]
)
def test_levels_are_syslogs(receiver: Receiver, log: logging.Logger, level: str, priority: int) -> None:
    """So that `journalctl -p warning` shows what a person should look at."""
    log.addHandler(JournalHandler(receiver.path))
    getattr(log, level)("x")
    assert receiver.next()["PRIORITY"] == str(priority)


def test_an_exception_nobody_expected_brings_its_traceback(receiver: Receiver, log: logging.Logger) -> None:
    """In the same message, however many lines it has."""
    log.addHandler(JournalHandler(receiver.path))
    try:
        raise RuntimeError("a bug\nMESSAGE=forged")
    except RuntimeError:
        log.exception("%s: the worker died", PPA)
    told = receiver.next()
    assert (told["PRIORITY"], told["MESSAGE"].splitlines()[0]) == ("3", f"{PPA}: the worker died")
    assert "Traceback (most recent call last)" in told["MESSAGE"]
    assert told["MESSAGE"].endswith("RuntimeError: a bug\nMESSAGE=forged")


def test_unknown_fields_are_mistakes() -> None:
    """A field that nobody documents is found by nobody."""
    with pytest.raises(ValueError, match="TOKEN"):
        about(token="x")


@given(st.dictionaries(st.sampled_from(sorted(journal.FIELDS)), st.text(st.characters(exclude_categories=["Cs"]))))
def test_whatever_the_values_are_they_come_out_as_they_were(fields: dict[str, str]) -> None:
    """And make no field of their own."""
    assert dict(parsed(encoded(fields))) == fields


def test_long_and_broken_values_fit_a_datagram(receiver: Receiver, log: logging.Logger) -> None:
    """They are cut: a line is better than none."""
    log.addHandler(JournalHandler(receiver.path))
    log.info("é" * 10**6, extra=about(owner="\n" * 10**6, ppa="\ud800"))
    told = receiver.next()
    assert (told["MESSAGE"], told["OWNER"]) == ("é" * journal.LONGEST, "\n" * journal.LONGEST)
    assert told["PPA"] == "\\ud800"


def test_without_a_journal_lines_go_to_stderr(tmp_path: Path, log: logging.Logger) -> None:
    """While it is being started anew, say; afterwards the next line finds it."""
    stderr = io.StringIO()
    log.addHandler(journal.handler(logging.StreamHandler(stderr), True, tmp_path / "journal"))
    log.warning("nobody\nthere")
    receiver = Receiver(tmp_path / "journal")
    log.info("there it is")
    assert receiver.next()["MESSAGE"] == "there it is"
    receiver.socket.close()
    (tmp_path / "journal").unlink()
    log.info("gone again")
    assert stderr.getvalue() == "<4>nobody\n<4>there\n<6>gone again\n"


def test_a_journal_that_does_not_read_holds_up_nobody(receiver: Receiver, log: logging.Logger) -> None:
    """What it has no room for is lost, and how much that was is said as soon as it reads again."""
    stderr = io.StringIO()
    log.addHandler(JournalHandler(receiver.path, logging.StreamHandler(stderr), patience=0.05))
    receiver.socket.setblocking(False)
    for _ in range(5000):
        log.info("x" * 1000)
    got = 0
    try:
        while "LOST" not in receiver.next():
            got += 1
    except BlockingIOError:
        log.info("after all")
    told = receiver.next()
    assert 0 < got < 5000
    assert (told["MESSAGE"], told["LOST"]) == ("after all", str(5000 - got))
    log.info("and on")
    assert "LOST" not in receiver.next()
    assert stderr.getvalue() == ""


def test_what_cannot_be_said_at_all_is_counted_too(tmp_path: Path, log: logging.Logger) -> None:
    """Where there is nowhere else to say it."""
    log.addHandler(JournalHandler(tmp_path / "journal"))
    log.info("nobody there")
    log.info("nor here")
    receiver = Receiver(tmp_path / "journal")
    log.info("there it is")
    assert receiver.next()["LOST"] == "2"
    receiver.socket.close()


def test_a_line_that_cannot_be_made_costs_no_other(receiver: Receiver, capsys: pytest.CaptureFixture[str]) -> None:
    """It is a bug, and shown as one."""
    handler = JournalHandler(receiver.path)
    for text, arguments in (("%d PPAs", ("many",)), ("the next", ())):
        handler.handle(logging.LogRecord("x", logging.INFO, "x", 1, text, arguments, None))
    handler.close()
    assert receiver.next()["MESSAGE"] == "the next"
    assert "Logging error" in capsys.readouterr().err


# -- plain lines ------------------------------------------------------------------------------------------------------


def test_plain_lines_cannot_be_forged(log: logging.Logger) -> None:
    """A new line of the log is never indented, what was put into one always is, and terminals are told nothing."""
    stderr = io.StringIO()
    log.addHandler(journal.handler(logging.StreamHandler(stderr), False))
    log.info("%s", NASTY)
    first, *rest = stderr.getvalue().removesuffix("\n").split("\n")
    assert first.endswith(' INFO x"')
    assert all(line.startswith("    ") for line in rest)
    assert rest[-1] == "    2026-11-25 03:14:12,000 ERROR all is lost\\r\\x1b[2J\\u2028\\u202e\\x00é"


def test_plain_lines_tell_when_and_how_grave() -> None:
    """And of an exception where it came from."""
    made = logging.LogRecord("x", logging.ERROR, "x", 1, "it %s", ("broke",), (ValueError, ValueError("why"), None))
    when, level, text = PlainFormatter().format(made).split(" ERROR ")[0], "ERROR", PlainFormatter().format(made)
    datetime.strptime(when, "%Y-%m-%d %H:%M:%S,%f").replace(tzinfo=UTC)
    assert text == f"{when} {level} it broke\n    ValueError: why"


# -- what is said -----------------------------------------------------------------------------------------------------


def test_a_transition_is_one_line_with_fields(receiver: Receiver, writer: EventWriter) -> None:
    """`journalctl PPA=~owner/ubuntu/ppa` is the history of that PPA."""
    with told_to(JournalHandler(receiver.path)):
        writer.moved(PPA, Transition(State.FREE, record(), "assigned", T0))
        writer.moved(PPA, Transition(State.USED, record(State.DIRTY), "expired", T0, 3600.0))
        free = Record(serial=3, nonce="n", state=State.FREE, since=T0, touched=T0, pool="default")
        writer.moved(PPA, Transition(State.DIRTY, free, "proved clean", T0))
        told = [receiver.next() for _ in range(3)]
    names = ("PPA", "OWNER", "LEASE", "STATE", "POOL", "REQUEST_ID", "WHY", "PRIORITY")
    assert [told[0][name] for name in names] == [
        str(PPA), "ticket-123", "4c1f", "used", "default", "build-77", "assigned", "6",
    ]  # fmt: skip
    assert told[0]["MESSAGE"] == f"{PPA}: free -> used (assigned) owner=ticket-123 lease=4c1f request=build-77"
    assert [each["STATE"] for each in told] == ["used", "dirty", "free"]
    assert told[2]["MESSAGE"] == f"{PPA}: dirty -> free (proved clean)"
    assert not {"OWNER", "LEASE", "REQUEST_ID"} & told[2].keys()


def test_what_a_start_finds_is_no_move(receiver: Receiver, writer: EventWriter) -> None:
    """It is said as what it is, and since when; the fields are those of a move."""
    with told_to(JournalHandler(receiver.path)):
        writer.moved(PPA, Transition(None, record(), "seen", T0, first=True))
        writer.moved(PPA, Transition(None, record(State.DIRTY), "taken in", T0))
        first, new = receiver.next(), receiver.next()
    whose = "owner=ticket-123 lease=4c1f request=build-77"
    assert first["MESSAGE"] == f"{PPA}: first seen: used since {format_time(record().since)} {whose}"
    assert (first["STATE"], first["WHY"]) == ("used", "seen")
    assert new["MESSAGE"].startswith(f"{PPA}: no record -> dirty (taken in)")
    events = EventLog()
    EventWriter(events, lambda: T0).moved(PPA, Transition(None, record(), "seen", T0, first=True))
    (event,), _ = events.since(0)
    assert [event.data[name] for name in ("from", "to", "why", "first")] == [None, "used", "seen", True]


def test_owners_forge_nothing(receiver: Receiver, writer: EventWriter) -> None:
    """Neither fields nor words of the line; the field has the owner as it is."""
    with told_to(JournalHandler(receiver.path)):
        writer.moved(PPA, Transition(State.FREE, record(owner=NASTY), "assigned", T0))
        told = receiver.next()
    assert (told["OWNER"], told["PPA"], told["PRIORITY"]) == (NASTY, str(PPA), "6")
    assert "\n" not in told["MESSAGE"]
    assert "\x1b" not in told["MESSAGE"]
    assert quoted("a b' lease=x") == '"a b\' lease=x"'
    assert [quoted(text) for text in ("", "a=b", "Änn", "https://ci/1?a")] == ["''", "'a=b'", "Änn", "https://ci/1?a"]


def test_what_a_person_should_look_at_is_a_warning(receiver: Receiver, writer: EventWriter) -> None:
    """Quarantine and the like, with the reason; a PPA that is well again, a failed clean, are not."""
    used, tried = record(State.DIRTY), record(State.DIRTY, tries=1, fault="no answer")
    bad = record(State.DIRTY, tries=2, fault="no", quarantined="cleaning failed 2 times: no")
    with told_to(JournalHandler(receiver.path)):
        for known, condition in (
            (used, Condition.OK), (used, Condition.UNREACHABLE), (tried, Condition.OK), (bad, Condition.QUARANTINED),
            (record(State.DIRTY), Condition.OK),
        ):  # fmt: skip
            writer.changed(Snapshot(PPA, "default", known, condition, T0))
        writer.alarmed(PPA, f"{PPA}: look here")
        told = [receiver.next() for _ in range(5)]
    assert [(each["PRIORITY"], each["MESSAGE"].removeprefix(f"{PPA}: ")) for each in told] == [
        ("6", "clean failed (try 1): no answer"),
        ("4", "ok -> quarantined: cleaning failed 2 times: no"),
        ("6", "clean failed (try 2): no"),
        ("6", "quarantined -> ok"),
        ("4", "look here"),
    ]
    assert {each["PPA"] for each in told} == {str(PPA)}


@pytest.mark.parametrize(("condition", "kinds"), [(Condition.OK, []), (Condition.UNREADABLE, ["condition"])])
def test_a_start_tells_only_what_is_wrong(writer: EventWriter, condition: Condition, kinds: list[str]) -> None:
    """Not a line for each of a thousand PPAs that are as they should be."""
    events = EventLog()
    writer = EventWriter(events, lambda: T0)
    writer.changed(Snapshot(PPA, "default", None, Condition.UNREACHABLE))
    writer.changed(Snapshot(PPA, "default", None, condition, fault="2 record lines"))
    assert [event.kind for event in events.since(0)[0]] == kinds
    assert all(event.data["why"] == "2 record lines" for event in events.since(0)[0])


def test_how_long_and_how_often_is_an_event_too() -> None:
    """For those who count."""
    events = EventLog()
    writer = EventWriter(events, lambda: T0 + timedelta(seconds=5))
    writer.moved(PPA, Transition(State.DIRTY, record(), "assigned", T0, 90.0, 2))
    writer.changed(Snapshot(PPA, "p", record(State.DIRTY), Condition.OK, T0))
    writer.changed(Snapshot(PPA, "p", record(State.DIRTY, tries=1, fault="f"), Condition.OK, T0))
    moved, failed = events.since(0)[0]
    assert (moved.data["lasted"], moved.data["tries"], moved.at) == (90.0, 2, T0)
    assert (failed.kind, failed.data) == ("failure", {"tries": 1, "fault": "f", "pool": "p"})
    assert failed.at == T0 + timedelta(seconds=5)


class _Asking(logging.Handler):
    """While a line is said, asks the supervisor for something that needs its lock, in another thread."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk, self.answered = desk, list[str]()

    def emit(self, line: logging.LogRecord) -> None:
        with ThreadPoolExecutor(1) as pool:
            pool.submit(self.desk.supervisor.pools).result(10.0)
        self.answered.append(line.getMessage())


def test_the_lock_is_not_held_while_a_line_is_said(writer: EventWriter) -> None:
    """A journal that is slow to take it makes nobody wait who asks for a PPA."""
    desk = Desk("a")
    asking = _Asking(desk)
    desk["a"].free()
    with told_to(asking):
        desk["a"].show(record(State.DIRTY), Condition.QUARANTINED)
        desk["a"].show(record(State.DIRTY, tries=1, fault="no"), Condition.QUARANTINED)
    assert len(asking.answered) == 2


# -- what anybody may cause -------------------------------------------------------------------------------------------


def test_one_line_of_a_kind_and_second_is_said() -> None:
    """However much differs from one to the next; what was left out is counted, and other kinds are not."""
    now = 100.0
    said: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    logger = logging.getLogger("tests.sparing")
    logger.setLevel(logging.INFO)
    logger.addHandler(Kept())
    logger.addFilter(RateLimit(lambda: now))
    for number in range(1000):
        logger.warning("%s does harm", f"peer {number}")
        logger.error(f"Fatal error on transport 0x{number:x} {number}\ndetails {number}")
    assert said == ["peer 0 does harm", "Fatal error on transport 0x0 0\ndetails 0"]
    now += 1.0
    logger.warning("%s does harm", "peer 1000")
    logger.warning("%s does harm", "peer 1001")
    logger.info("another thing")
    assert said[2:] == ["peer 1000 does harm (and 999 times more since the last such line)", "another thing"]
