"""The log: one message for each event, to systemd's journal with fields to search for, or to stderr as plain text.

    log.info("%s: …", ppa, extra=journal.about(ppa=ppa, lease=lease))

Rule: text that others choose (an owner, a note) can make neither a line nor a field of its own.  A message is delivered
or counted as lost: no thread waits longer than PATIENCE_S for the reader of the log.  A secret must never be logged:
everybody who may read the journal could read it.
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
"""The most characters of one value; a longer value is cut, so that all values fit into one datagram."""
PATIENCE_S = 0.5
PERIOD_S = 1.0
MOST_KINDS = 1000
_NUMBERS = re.compile(r"0x[0-9a-f]+|\d+")
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG = 7
_UNUSUAL = re.compile(r"[^\x20-\x7e\n]")


def about(**fields: object) -> dict[str, dict[str, str]]:
    """Return the `extra` of a log call that is about these fields; their names are in lower case, None is left out.

    Raises ValueError for an unknown field.
    """
    named = {name.upper(): str(value) for name, value in fields.items() if value is not None}
    if unknown := named.keys() - FIELDS:
        raise ValueError(f"not a field of the journal: {', '.join(sorted(unknown))}")
    return {"about": named}


def quoted(text: str) -> str:
    """Return the text itself if it is one plain word, else in quotes and with unprintable characters escaped."""
    plain = text and text.isprintable() and not any(character in text for character in " '\"=")
    return text if plain else repr(text)


def named(**texts: str | None) -> str:
    """Return these texts for the end of a line, each quoted and behind a space and its name; None is left out."""
    return "".join(f" {name}={quoted(text)}" for name, text in texts.items() if text is not None)


def message_of(record: logging.LogRecord) -> str:
    """Return the record's message, with the traceback of its exception, if any, below it."""
    text = record.getMessage()
    if record.exc_info and record.exc_info[0] is not None:
        text += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
    return text


class RateLimit(logging.Filter):
    """A filter that lets through one line of a kind per second, for messages that anybody who can connect may cause.

    Suppressed lines are counted, and the next line of that kind gives the count.  Two messages that differ only in
    their numbers are of one kind.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._lock = threading.Lock()
        self._last: dict[tuple[str, int, str], tuple[float, int]] = {}
        """For each kind, when its last line was logged, and how many lines were suppressed since."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether this record is logged; add the count of suppressed lines to its message, if there were any."""
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
    """A formatter for people: time, level, message.  Every line that is not indented begins a new message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text, with as many lines as its message and with unprintable characters escaped."""
        text = _UNUSUAL.sub(_spelled, message_of(record)).replace("\n", "\n    ")
        return f"{self.formatTime(record)} {record.levelname} {text}"


def _spelled(found: re.Match[str]) -> str:
    character = found.group()
    return character if character.isprintable() else character.encode("unicode_escape").decode()


class JournalHandler(logging.Handler):
    """A handler that sends each record as one message by systemd's native protocol.

    The handler `otherwise` gets a record when no journal is there.  Messages that the journal is too busy for are
    counted, and the next one that is delivered gives the count.
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
        """Send the record.

        This is called under the handler's lock: while the journal takes no messages, only the first one waits.
        """
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
    """Return syslog's number for a level of `logging`."""
    return next((number for least, number in _PRIORITIES if level >= least), _DEBUG)


def encoded(fields: Iterator[tuple[str, str]] | Mapping[str, str]) -> bytes:
    """Return the fields as a message of the native protocol.

    A value with a newline is sent with its length, so that no part of it can pass for another field.
    """
    pairs = fields.items() if isinstance(fields, Mapping) else fields
    return b"".join(_field(name.encode("ascii"), value) for name, value in pairs)


def _field(name: bytes, value: str) -> bytes:
    data = value[:LONGEST].encode("utf-8", "backslashreplace")
    if b"\n" in data:
        return name + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"
    return name + b"=" + data + b"\n"


class PrefixFormatter(logging.Formatter):
    """A formatter for a stderr that leads to the journal: each line begins with its priority (sd-daemon(3))."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text, with the priority at the beginning of each line."""
        return "\n".join(f"<{priority(record.levelno)}>{line}" for line in message_of(record).splitlines())


def handler(stderr: logging.Handler, journalled: bool, address: Path | str = SOCKET) -> logging.Handler:
    """Return the handler of the daemon's log: the journal if stderr leads to it, else stderr with plain lines."""
    stderr.setFormatter(PrefixFormatter() if journalled else PlainFormatter())
    return JournalHandler(address, stderr) if journalled else stderr
