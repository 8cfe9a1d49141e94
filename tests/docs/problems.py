"""docs/reference/problems.md, made of what the daemon says: `python -m tests.docs.problems` writes it again."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from ppa_assigner.api.errors import SHAPES
from ppa_assigner.client.errors import exit_code_of
from ppa_assigner.problems import EXPLANATIONS, Kind

from .pages import ROOT

PAGE = "docs/reference/problems.md"
HEAD = """# Problems

Every error of the daemon is a document of RFC 9457, `application/problem+json`: `type`, `title`, `status`, `detail`
(one sentence that names the thing), and facts that depend on the kind. Its `type` is the path of a page of the daemon
that says what is said here: open it in a browser, without a token. With `Accept: application/json` it is a document
with `type`, `title`, `status`, `exit_code`, `retry` (whether there is a
`Retry-After`), `meaning` and `action`. `/problems` lists all.

A command that fails ends with the [exit code](cli.md#exit-codes) of the kind; the [Python client](../how-to/python.md)
raises the error that has it.
"""
WIDTH = 120


def text() -> str:
    """The page."""
    return "\n".join([HEAD, *(line for kind in Kind for line in _section(kind))]).rstrip("\n") + "\n"


def _section(kind: Kind) -> Iterator[str]:
    told, shape = EXPLANATIONS[kind], SHAPES[kind]
    again = " with `Retry-After`" if shape.again else ""
    yield f"## {kind.value}\n"
    yield from wrap(f"**{told.title}.** HTTP {shape.status}{again}, exit code {exit_code_of(kind.value)}.", WIDTH)
    yield ""
    yield from _wrapped(told.meaning)
    yield ""
    yield from _wrapped(f"*What to do:* {told.action}")
    yield ""


def _wrapped(paragraph: str) -> list[str]:
    return wrap(paragraph, WIDTH, break_long_words=False, break_on_hyphens=False)


if __name__ == "__main__":
    (ROOT / PAGE).write_text(text())
