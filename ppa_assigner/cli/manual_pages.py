"""The text of the manual pages, made of the command line's own help.

Rule: a command, option or argument is described in one place only, where the parser has it; here is what the parser
does not know: exit codes, environment, files.  The same program gives the same pages, byte for byte.
No text is taken for a request of roff or an escape; what is not ASCII is written by its number.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from .. import __version__
from ..config.loading import CONFIG, VARIABLES

PROGRAM = "ppa-assigner"
SECTION = "1"
EXIT_CODES = {
    os.EX_OK: "done",
    os.EX_USAGE: "the command line is wrong",
    os.EX_DATAERR: "Launchpad would not take what is to be uploaded or promoted, or it failed",
    os.EX_UNAVAILABLE: "the daemon or Launchpad is not available",
    os.EX_SOFTWARE: "a bug in this program, or the answer could not be written (the lease is released then)",
    os.EX_TEMPFAIL: "no PPA became free in time, or what was waited for is not there yet",
    os.EX_NOPERM: "not permitted, or the lease is unknown, not yours or over",
    os.EX_CONFIG: "the configuration is wrong",
}
OF_A_COMMAND = "exec exits with COMMAND's own code, or 128 + n when signal n ended it."
CLIENT_ENVIRONMENT = {
    "PPA_ASSIGNER_URL": "Where the daemon is, unless --url says it: http(s)://host:port or unix:/path.",
    "PPA_ASSIGNER_TOKEN": "The token for it, unless --token-file names a file that has it.",
    "PPA_ASSIGNER_OIDC": "For which audience to ask the CI system for a token of this job, unless --oidc says it.",
    "PPA_ASSIGNER_ID_TOKEN": "The token of this job, where the CI system is not to be asked: of GitLab, for example.",
    "PPA_ASSIGNER_ID_TOKEN_FILE": "A file that has it, read for each request: of a pod of Kubernetes, for example.",
    "PPA_ASSIGNER_CA": "Certificates to trust for https in place of the system's, unless --ca-file names a file.",
    "PPA_ASSIGNER_UPLOAD_TO": "Where exec --upload uploads to, unless --upload-to says it.",
    "PPA_LEASE_ID": "What touch, release, hold and wait mean if no lease is given; assign --export and exec set it.",
    "PPA_LEASE_TOKEN": "By what that lease is touched, followed and released if there is no other token; set likewise.",
}
ENVIRONMENT = CLIENT_ENVIRONMENT | {
    CONFIG: "The daemon's configuration, in place of the default of --config.",
    **{name: f"In place of the configuration's {'.'.join(map(str, place))}." for name, place in VARIABLES.items()},
    "PPA_ASSIGNER_DEBUG": "1: an exception that is a bug is shown with its traceback.",
    "CREDENTIALS_DIRECTORY": "Set by systemd: its file launchpad has the credentials if the configuration names none.",
    "CACHE_DIRECTORY": "Where Launchpad's description of its web service is kept; else $XDG_CACHE_HOME/ppa-assigner.",
    "http_proxy, https_proxy, no_proxy": "The way to Launchpad; never used for this host.",
    "SSL_CERT_FILE, SSL_CERT_DIR": "Certificates to trust in place of the system's.",
}
FILES = {
    "config/ppas.yaml": "The configuration that run, check-config and doctor read unless --config names another.",
    "/etc/ppa-assigner/ppas.yaml": "What they read when there is none; the configuration of the systemd service.",
    "/etc/ppa-assigner/launchpad": "Its credentials for Launchpad, as login writes them; for root alone.",
}
_ESCAPES = {"\\": "\\e", "-": "\\-", "~": "\\(ti", "^": "\\(ha", "'": "\\(aq", "`": "\\(ga", '"': "\\(dq"}


def pages_of(group: Any) -> Mapping[str, str]:
    """The pages by file name: one of the program, one of each command.  `group`: the parser."""
    context = group.context_class(group, info_name=PROGRAM, **group.context_settings)
    found = {f"{PROGRAM}.{SECTION}": _of_program(group, context)}
    for name, command in group.commands.items():
        inner = command.context_class(command, info_name=name, parent=context)
        found[f"{PROGRAM}-{name}.{SECTION}"] = _of_command(name, command, list(_params(command, inner)))
    return found


# -- pages --------------------------------------------------------------------------------------------------------


def _of_program(group: Any, context: Any) -> str:
    page = _begun(PROGRAM, _first(group.help))
    page.section("Synopsis")
    page.line(page.bold(PROGRAM), page.italic("COMMAND"), "[", page.italic("OPTIONS"), "]", page.italic("..."))
    page.section("Description")
    page.text(
        "A daemon that lends Launchpad PPAs from a fixed pool to CI jobs, release teams and people, one owner at a time"
        " and always empty; and the commands of its clients and operators."
    )
    page.section("Commands")
    for name, command in group.commands.items():
        page.item(page.bold(name), f"{_first(command.help)} See {PROGRAM}-{name}({SECTION}).")
    _options(page, "Options", _params(group, context))
    _codes(page)
    page.terms("Environment", ENVIRONMENT)
    page.terms("Files", FILES)
    _see_also(page, [f"{PROGRAM}-{name}" for name in group.commands])
    return page.finished()


def _of_command(name: str, command: Any, params: list[Any]) -> str:
    page = _begun(f"{PROGRAM}-{name}", _first(command.help))
    page.section("Synopsis")
    page.line(page.bold(f"{PROGRAM} {name}"), *_synopsis(page, params))
    page.section("Description")
    for paragraph in str(command.help).split("\n\n"):
        page.text(" ".join(paragraph.split()))
    _options(page, "Arguments", (one for one in params if _is_argument(one)))
    _options(page, "Options", (one for one in params if not _is_argument(one)))
    if any("--url" in one.opts for one in params):
        page.terms("Environment", CLIENT_ENVIRONMENT)
    page.section("Exit status")
    page.text(f"Those of {PROGRAM}({SECTION}); 0 when it is done.")
    if name == "exec":
        page.text(OF_A_COMMAND)
    _see_also(page, [PROGRAM])
    return page.finished()


def _begun(name: str, what: str) -> Roff:
    page = Roff(name.upper(), SECTION, f"{PROGRAM} {__version__}", "PPA assigner")
    page.section("Name")
    page.raw(f"{page.escaped(name)} \\- {page.escaped(what.rstrip('.'))}")
    return page


def _codes(page: Roff) -> None:
    page.terms("Exit status", {str(code): f"{text[0].upper()}{text[1:]}." for code, text in EXIT_CODES.items()})
    page.text(OF_A_COMMAND)


def _see_also(page: Roff, names: Iterable[str]) -> None:
    page.section("See also")
    page.text(", ".join(f"{name}({SECTION})" for name in names))
    page.text("The API of a running daemon is described at its address below /docs.")


# -- what the parser knows ----------------------------------------------------------------------------------------


def _params(command: Any, context: Any) -> Iterator[Any]:
    """Options and arguments, --help among them."""
    return (one for one in command.get_params(context) if not getattr(one, "hidden", False))


def _is_argument(param: Any) -> bool:
    return bool(param.param_type_name == "argument")


def _first(help_: str | None) -> str:
    return " ".join(str(help_ or "").split("\n\n")[0].split())


def _synopsis(page: Roff, params: list[Any]) -> Iterator[str]:
    """What must be there, that there are options, and the arguments."""
    for param in params:
        if param.required and not _is_argument(param):
            yield page.bold(param.opts[0])
            yield page.italic(_value(param) or "")
    yield f"[{page.italic('OPTIONS')}]"
    for param in params:
        if _is_argument(param):
            shown = page.italic(_value(param) or "")
            more = "..." if param.nargs != 1 else ""
            yield f"{shown}{more}" if param.required else f"[{shown}]{more}"


def _options(page: Roff, title: str, params: Iterable[Any]) -> None:
    params = list(params)
    if params:
        page.section(title)
    for param in params:
        value = _value(param)
        names = [] if _is_argument(param) else [page.bold(one) for one in _names(param)]
        shown = ", ".join(names) if names else page.italic(value or "")
        page.item(f"{shown} {page.italic(value)}" if names and value else shown, _help(param))


def _names(param: Any) -> list[str]:
    """Short ones first: the parser may have them in any order."""
    return sorted((*param.opts, *param.secondary_opts), key=lambda name: (len(name) > 2, name))


def _value(param: Any) -> str | None:
    """What stands for its value; None for a flag."""
    if getattr(param, "is_flag", False):
        return None
    return param.metavar or str(param.name).upper()


def _help(param: Any) -> str:
    """A parameter's help with its default, unless the text has it already or there is none worth showing."""
    text, default = " ".join(str(param.help or "").split()), param.default
    speaks = isinstance(default, (str, int, Path)) and not isinstance(
        default, bool
    )  # parsers have other words for none
    if "[default" in text or not speaks or default in ("", 0):
        return text
    return f"{text} [default: {getattr(default, 'value', default)}]"


# -- roff, the macros of man(7) --------------------------------------------------------------------------------------


class Roff:
    """One page, written from its top to its end."""

    def __init__(self, title: str, section: str, source: str, manual: str) -> None:
        parts = " ".join(f'"{self.escaped(part)}"' for part in (title, section, "", source, manual))
        self._lines = [f".TH {parts}", ".nh", ".ad l"]

    @staticmethod
    def escaped(text: str) -> str:
        """The text, with what roff would take for a request or an escape written as text."""
        return "".join(_ESCAPES.get(char, char if char.isascii() else f"\\[u{ord(char):04X}]") for char in text)

    def bold(self, text: str) -> str:
        """Text that is typed as it stands."""
        return f"\\fB{self.escaped(text)}\\fR"

    def italic(self, text: str) -> str:
        """Text that stands for something else."""
        return f"\\fI{self.escaped(text)}\\fR"

    def raw(self, line: str) -> None:
        """Add a line that is roff already."""
        self._lines.append(line)

    def section(self, title: str) -> None:
        """Add a heading."""
        self.raw(f'.SH "{self.escaped(title.upper())}"')

    def line(self, *parts: str) -> None:
        """Add parts that are roff already, on one line."""
        self.raw("\\&" + " ".join(parts).replace("[ ", "[").replace(" ]", "]"))

    def text(self, text: str) -> None:
        """Add a paragraph."""
        self.raw(".PP")
        self.raw("\\&" + self.escaped(text))

    def item(self, term: str, text: str) -> None:
        """Add a term, which is roff already, and what it means."""
        self.raw(".TP")
        self.raw(term)
        self.raw("\\&" + self.escaped(text))

    def terms(self, title: str, meanings: Mapping[str, str]) -> None:
        """Add a section of terms and what they mean."""
        self.section(title)
        for term, meaning in meanings.items():
            self.item(self.bold(term), meaning)

    def finished(self) -> str:
        """The whole page."""
        return "\n".join(self._lines) + "\n"
