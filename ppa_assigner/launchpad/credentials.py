"""The file with the account's token, as `ppa-assigner login` and launchpadlib write it.

Rule: what means one thing beyond doubt is read (a byte order mark, any line ends, indentation); everything else is one
sentence that says what is wrong and what to do, and never shows what is in the file.
"""

from __future__ import annotations

import base64
import codecs
import configparser
import re
from dataclasses import dataclass, field
from pathlib import Path

SECTION = "1"
KEYS = ("consumer_key", "consumer_secret", "access_token", "access_secret")
LIMIT = 64 * 1024
"""Bytes of a file."""
LOGIN = "write one with `ppa-assigner login`"
KEYRING = "<B64>"
_HIDDEN = r"masked|redacted|secure|secret|hidden"
_MASKED = re.compile(rf"(?i).*(?:\*{{3}}|\u2022{{3}}|\u2026).*|[\[<(](?:{_HIDDEN})[\])>]|masked|redacted|x{{4,}}")
_VARIABLE = re.compile(r"\$\{?\{?.*|%[A-Za-z_]+%|\{\{.*\}\}")
_TOKEN = re.compile(r"[!-$&-~]+")  # what a header and a line of this file take as it is
_NAME = re.compile(r"[ -~]*")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class CredentialsError(Exception):
    """No usable credentials in that file; one line for people that names it, and never what is in it."""


@dataclass(frozen=True, slots=True)
class StoredToken:
    """An account's token as a file holds it; all of it printable ASCII."""

    consumer: str
    consumer_secret: str = field(repr=False)
    token: str = field(repr=False)
    secret: str = field(repr=False)


def read_token(path: Path) -> StoredToken:
    """The token in this file.  Raises CredentialsError."""
    try:
        with path.open("rb") as file:
            content = file.read(LIMIT + 1)
    except OSError as error:
        raise CredentialsError(f"{path}: {_unreadable(error)}") from None
    except ValueError:  # NUL in its name
        raise CredentialsError(f"{str(path)!r}: not a name of a file") from None
    try:
        return parse_token(content)
    except ValueError as error:
        raise CredentialsError(f"{path}: {error}") from None


def parse_token(content: bytes) -> StoredToken:
    """The token in the bytes of a file.  Raises ValueError with a sentence for people, to be put after the
    file's name.
    """
    if not content.strip():
        raise ValueError(f"is empty; {LOGIN}")
    if len(content) > LIMIT:
        raise ValueError(f"not a file of Launchpad credentials: longer than {LIMIT >> 10} KiB; {LOGIN}")
    lines = [line.strip() for line in _text(content).splitlines()]
    _check_form(lines)
    parser = configparser.RawConfigParser()
    try:
        parser.read_file(lines)
    except configparser.DuplicateSectionError as error:
        raise ValueError(f"the line [{SECTION}] stands twice (line {error.lineno}); keep one token's lines") from None
    except configparser.DuplicateOptionError as error:
        what = error.option if error.option in KEYS else "a key"
        raise ValueError(f"{what} stands twice (line {error.lineno}); keep the one of the token that counts") from None
    except configparser.Error:
        raise ValueError(f"not a file of Launchpad credentials; {LOGIN}") from None
    return _parts(parser)


def _unreadable(error: OSError) -> str:
    reason = error.strerror or type(error).__name__
    if isinstance(error, FileNotFoundError):
        return f"{reason}; {LOGIN}"
    if isinstance(error, IsADirectoryError):
        return f"{reason}; name the file in it"
    if isinstance(error, PermissionError):
        return f"{reason}; let the user of the daemon read it (chown, chmod 600)"
    return reason


def _text(content: bytes) -> str:
    encoding = "utf-16" if content.startswith(_UTF_16) else "utf-8-sig"
    try:
        return content.decode(encoding)
    except UnicodeDecodeError:
        raise ValueError(f"not a file of Launchpad credentials: it is not text; {LOGIN}") from None


def _check_form(lines: list[str]) -> None:
    """Raise ValueError for a file damaged in copying, with what each kind of mistake looks like."""
    text = "\n".join(lines).strip()
    if text.startswith(KEYRING):
        raise ValueError(
            f"begins with {KEYRING}, as launchpadlib writes to a keyring; take that away and decode the rest with "
            "`base64 -d`"
        )
    if r"\n" in text or r"\r" in text:
        raise ValueError(
            r"holds \n as two characters where a line should end; write real line ends (printf '%b' makes them)"
        )
    if _decodes(text):
        raise ValueError("is encoded in base64; decode it with `base64 -d`")
    if _MASKED.fullmatch(text):
        raise ValueError(f"is masked, as logs and pages show a secret; put in the secret itself, or {LOGIN}")
    if _VARIABLE.fullmatch(text):
        raise ValueError(f"holds the name of a variable that nothing was put in for; write its value, or {LOGIN}")
    if text[0] in "\"'" and f"[{SECTION}]" in text:
        raise ValueError("stands in quotes; take them away")
    _check_header(lines)


def _decodes(text: str) -> bool:
    try:
        return base64.b64decode(text, validate=False).lstrip().startswith(f"[{SECTION}]".encode())
    except ValueError:
        return False


def _check_header(lines: list[str]) -> None:
    """Raise ValueError for a file without the keys, or without the section, of Launchpad credentials."""
    names = {line.partition("=")[0].partition(":")[0].strip().lower() for line in lines}
    if not names & {*KEYS}:
        raise ValueError(f"not a file of Launchpad credentials; {LOGIN}")
    if f"[{SECTION}]" not in lines:
        raise ValueError(f"has no line [{SECTION}]; write it above consumer_key")


def _parts(parser: configparser.RawConfigParser) -> StoredToken:
    given = {key: parser.get(SECTION, key, fallback=None) for key in KEYS}
    if missing := [key for key, value in given.items() if value is None]:
        raise ValueError(f"{' and '.join(missing)} missing in it; copy all of the file, or {LOGIN}")
    values = [_value(key, given[key] or "") for key in KEYS]
    return StoredToken(*values)


def _value(key: str, value: str) -> str:
    if not value and key != "consumer_secret":
        raise ValueError(f"{key} has no value; copy all of the file, or {LOGIN}")
    if _MASKED.fullmatch(value):
        raise ValueError(f"{key} is masked, as logs and pages show a secret; put in the secret itself, or {LOGIN}")
    if _VARIABLE.fullmatch(value):
        raise ValueError(f"{key} is the name of a variable that nothing was put in for; write its value")
    if value[:1] in ("'", '"') and value[-1:] == value[:1]:
        raise ValueError(f"{key} stands in quotes; take them away")
    if not (_TOKEN if key.startswith("access_") else _NAME).fullmatch(value):
        raise ValueError(f"{key} holds characters that it cannot have; copy it again, or {LOGIN}")
    return value
