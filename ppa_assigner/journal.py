"""The log: one message for each event, to systemd's journal with fields to search for, or to stderr as plain text.

    log.info("%s: …", ppa, extra=journal.about(ppa=ppa, lease=lease))

Rule: what others chose (an owner, a note) can make neither a line nor a field of its own.  A message is delivered or
counted as lost: no thread waits longer than a moment for the reader of the log.  A secret must never be logged:
everybody who may read the journal reads this.
"""

from __future__ import annotations

import logging
import re
import socket
import struct
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

SOCKET = Path("/run/systemd/journal/socket")
IDENTIFIER = "ppa-assigner"
FIELDS = frozenset({"PPA", "OWNER", "LEASE", "STATE", "POOL", "REQUEST_ID", "WHY"})
LONGEST = 16_384
"""Characters of one value; a longer one is cut, so that all of them go into one datagram."""
PATIENCE_S = 0.5
PERIOD_S = 1.0
MOST_KINDS = 1000
_NUMBERS = re.compile(r"0x[0-9a-f]+|\d+")
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG = 7
_UNUSUAL = re.compile(r"[^\x20-\x7e\n]")


def about(**fields: object) -> dict[str, dict[str, str]]:
    """The `extra` of a log call: the fields that it is about, in lower case, without those that are None.  ValueError
    for an unknown field.
    """
    named = {name.upper(): str(value) for name, value in fields.items() if value is not None}
    if unknown := named.keys() - FIELDS:
        raise ValueError(f"not a field of the journal: {', '.join(sorted(unknown))}")
    return {"about": named}


def quoted(text: str) -> str:
    """The text itself if it is one plain word, else in quotes with unprintable characters escaped."""
    plain = text and text.isprintable() and not any(character in text for character in " '\"=")
    return text if plain else repr(text)


def message_of(record: logging.LogRecord) -> str:
    """The message, with the traceback of an exception below it."""
    text = record.getMessage()
    if record.exc_info and record.exc_info[0] is not None:
        text += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
    return text


class RateLimit(logging.Filter):
    """At most one line of a kind per second, for messages that anybody who can connect may cause.  Suppressed lines are
    counted, and the next line of that kind gives the count.  A kind is a message without its numbers.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._lock = threading.Lock()
        self._last: dict[tuple[str, int, str], tuple[float, int]] = {}
        """By kind: the time of the last line, and how many were suppressed since."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether this record is logged."""
        now, kind = (
            self._now(),
            (record.name, record.levelno, _NUMBERS.sub("#", str(record.msg).partition("\n")[0])[:80]),
        )
        with self._lock:
            last, suppressed = self._last.get(kind, (-PERIOD_S, 0))
            if now - last < PERIOD_S:
                self._last[kind] = (last, suppressed + 1)
                return False
            if len(self._last) >= MOST_KINDS:
                self._last.clear()
            self._last[kind] = (now, 0)
        if suppressed:
            record.msg = f"{record.getMessage()} (and {suppressed} times more since the last such line)"
            record.args = ()
        return True


def limit_rate(*names: str) -> None:
    """Limit these loggers, whose messages anybody may cause, to one line of a kind per second."""
    limit = RateLimit()
    for name in names:
        logging.getLogger(name).addFilter(limit)


class PlainFormatter(logging.Formatter):
    """For people: time, level, message.  Every line that is not indented begins a new message."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text, on as many lines as the message has, with unprintable characters escaped."""
        text = _UNUSUAL.sub(_spelled, message_of(record)).replace("\n", "\n    ")
        return f"{self.formatTime(record)} {record.levelname} {text}"


def _spelled(found: re.Match[str]) -> str:
    character = found.group()
    return character if character.isprintable() else character.encode("unicode_escape").decode()


class JournalHandler(logging.Handler):
    """Sends each record as one message by systemd's native protocol.  `otherwise` gets what could not be sent.
    Messages that the journal is too busy for are counted, and the next one that is delivered gives the count.
    """

    def __init__(
        self, address: Path | str = SOCKET, otherwise: logging.Handler | None = None, patience: float = PATIENCE_S
    ) -> None:
        super().__init__()
        self._address = str(address)
        self._otherwise = otherwise
        self._patience = patience
        self._lost = 0
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def emit(self, record: logging.LogRecord) -> None:
        """Send the record.  Called under the handler's lock: while the journal takes none, only the first waits."""
        try:
            self._socket.settimeout(0.0 if self._lost else self._patience)
            self._socket.sendto(encoded(self._fields(record)), self._address)
            self._lost = 0
        except (TimeoutError, BlockingIOError):
            self._lost += 1
        except OSError:  # no journal there, at least for now
            self._say_otherwise(record)
        except Exception:
            self.handleError(record)

    def _say_otherwise(self, record: logging.LogRecord) -> None:
        if self._otherwise is not None:
            self._otherwise.handle(record)
        else:
            self._lost += 1

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()
        super().close()

    def _fields(self, record: logging.LogRecord) -> Iterator[tuple[str, str]]:
        yield "MESSAGE", message_of(record)
        yield "PRIORITY", str(priority(record.levelno))
        yield "SYSLOG_IDENTIFIER", IDENTIFIER
        yield "LOGGER", record.name
        yield "THREAD", record.threadName or ""
        if self._lost:
            yield "LOST", str(self._lost)
        yield from getattr(record, "about", {}).items()


def priority(level: int) -> int:
    """Syslog's number for a level of logging."""
    return next((number for least, number in _PRIORITIES if level >= least), _DEBUG)


def encoded(fields: Iterator[tuple[str, str]] | Mapping[str, str]) -> bytes:
    """A message of the native protocol: a value with a newline goes with its length, so that it ends where it ends."""
    pairs = fields.items() if isinstance(fields, Mapping) else fields
    return b"".join(_field(name.encode("ascii"), value) for name, value in pairs)


def _field(name: bytes, value: str) -> bytes:
    data = value[:LONGEST].encode("utf-8", "backslashreplace")
    if b"\n" in data:
        return name + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"
    return name + b"=" + data + b"\n"


class PrefixFormatter(logging.Formatter):
    """For a stderr that leads to the journal: each line begins with its priority (sd-daemon(3))."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text, with the prefix on each line."""
        return "\n".join(f"<{priority(record.levelno)}>{line}" for line in message_of(record).splitlines())


def handler(stderr: logging.Handler, journalled: bool, address: Path | str = SOCKET) -> logging.Handler:
    """The handler of the daemon's log: the journal if stderr is connected to it, else stderr as plain lines."""
    stderr.setFormatter(PrefixFormatter() if journalled else PlainFormatter())
    return JournalHandler(address, stderr) if journalled else stderr
