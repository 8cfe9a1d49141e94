"""The problem document that stdout carries where JSON was asked for and there is no answer.

Rule: what the daemon said is passed on unchanged; what it did not say itself has the same members, and a `type` that
says that it is none of the daemon's.  Told by the words of the line alone, for a line that cannot be read fails too.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from ..client.errors import AssignerError
from . import output, shell

_STREAMS = ("exec", "events")
"""Commands whose stdout is another program's, or a document a line."""
_OURS = {"type": "about:blank", "title": "not an answer of the daemon"}


def wanted(arguments: Sequence[str]) -> bool:
    """Whether this command line asks for JSON, and not for text that a shell evaluates."""
    words = list(takewhile("--".__ne__, arguments))
    command = next((word for word in words if not word.startswith("-")), None)
    if command is None or command in _STREAMS or shell.evaluates(arguments):
        return False
    pairs = zip(words, [*words[1:], ""], strict=True)
    return "--json" in words or any(_says_json(word, after) for word, after in pairs)


def document_of(error: AssignerError) -> dict[str, Any]:
    """The daemon's problem document, or one in its place."""
    return error.problem if error.problem.get("type") else {**made(str(error), error.exit_code), **error.problem}


def made(detail: str, exit_code: int) -> dict[str, Any]:
    """A document for what the daemon did not say."""
    return {**_OURS, "detail": detail, "exit_code": exit_code}


def tell(arguments: Sequence[str], document: dict[str, Any]) -> None:
    """Print it if JSON was asked for.  Raises BrokenPipeError, and OutputError where stdout takes nothing."""
    if wanted(arguments):
        output.document(document)


def _says_json(word: str, after: str) -> bool:
    return (word in ("-o", "--output") and after == "json") or word in ("-ojson", "--output=json")
