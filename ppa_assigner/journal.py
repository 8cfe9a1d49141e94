"""What the daemon says, one line each: to systemd's journal with fields to look for, or as plain text to stderr.

    log.info("%s: …", ppa, extra=journal.about(ppa=ppa, lease=lease))

Rule: what others chose (an owner, a note) can make neither a line nor a field of its own.  What is said goes out or is
counted as lost: nobody waits longer than a moment for whoever reads it.  Nothing here knows what is said, and no secret
may be: everybody who may read the journal reads this.
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
SPARE_S = 1.0
MOST_KINDS = 1000
_NUMBERS = re.compile(r"0x[0-9a-f]+|\d+")
_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
_DEBUG = 7
_UNUSUAL = re.compile(r"[^\x20-\x7e\n]")


def about(**fields: object) -> dict[str, dict[str, str]]:
    """The `extra` of a log call: what it is about, in lower case; None is left out.  ValueError for unknown names."""
    named = {name.upper(): str(value) for name, value in fields.items() if value is not None}
    if unknown := named.keys() - FIELDS:
        raise ValueError(f"no field of the journal: {', '.join(sorted(unknown))}")
    return {"about": named}


def quoted(text: str) -> str:
    """The text as it is if it is one plain word, else in quotes with what cannot be seen spelled out."""
    plain = text and text.isprintable() and not any(character in text for character in " '\"=")
    return text if plain else repr(text)


def told(record: logging.LogRecord) -> str:
    """The message, with the traceback of an exception below it."""
    text = record.getMessage()
    if record.exc_info and record.exc_info[0] is not None:
        text += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
    return text


class Sparing(logging.Filter):
    """One line of a kind and second: for what anybody who can connect may cause.  What is left out is counted, and the
    count is said with the next line of that kind that passes.  A kind is a message without what differs from one to the
    next.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._now = now
        self._lock = threading.Lock()
        self._said: dict[tuple[str, int, str], tuple[float, int]] = {}  # when last, and how many were left out since

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is said."""
        now, kind = (
            self._now(),
            (record.name, record.levelno, _NUMBERS.sub("#", str(record.msg).partition("\n")[0])[:80]),
        )
        with self._lock:
            last, left_out = self._said.get(kind, (-SPARE_S, 0))
            if now - last < SPARE_S:
                self._said[kind] = (last, left_out + 1)
                return False
            if len(self._said) >= MOST_KINDS:
                self._said.clear()
            self._said[kind] = (now, 0)
        if left_out:
            record.msg, record.args = f"{record.getMessage()} (and {left_out} times more since the last such line)", ()
        return True


def spare(*names: str) -> None:
    """Let these loggers, which say what anybody may cause, say one line of a kind and second."""
    sparing = Sparing()
    for name in names:
        logging.getLogger(name).addFilter(sparing)


class Plain(logging.Formatter):
    """For people: time, level, message.  Only a line that is not indented begins something new."""

    def format(self, record: logging.LogRecord) -> str:
        """On several lines only where it was written so, with what cannot be seen spelled out."""
        text = _UNUSUAL.sub(_spelled, told(record)).replace("\n", "\n    ")
        return f"{self.formatTime(record)} {record.levelname} {text}"


def _spelled(found: re.Match[str]) -> str:
    character = found.group()
    return character if character.isprintable() else character.encode("unicode_escape").decode()


class Journal(logging.Handler):
    """Sends each record as a message of its own, by systemd's native protocol.  `otherwise` gets what could not be
    sent.  What the journal is too busy for is counted, and the count is said with the next record that passes.
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
        """Send it.  Called under the handler's lock: while nothing passes, only the first one waits."""
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
        """No more is said."""
        self._socket.close()
        super().close()

    def _fields(self, record: logging.LogRecord) -> Iterator[tuple[str, str]]:
        yield "MESSAGE", told(record)
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


class Marked(logging.Formatter):
    """For a stderr that leads to the journal: each line says how grave it is (sd-daemon(3))."""

    def format(self, record: logging.LogRecord) -> str:
        """On as many lines as it has."""
        return "\n".join(f"<{priority(record.levelno)}>{line}" for line in told(record).splitlines())


def handler(stderr: logging.Handler, journalled: bool, address: Path | str = SOCKET) -> logging.Handler:
    """What the daemon's log goes to: the journal if stderr is connected to it, else stderr as plain lines."""
    stderr.setFormatter(Marked() if journalled else Plain())
    return Journal(address, stderr) if journalled else stderr
