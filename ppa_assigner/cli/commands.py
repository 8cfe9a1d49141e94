"""The commands by name, in the order of the help.

Rule: a command is one row; the module of its function is imported when that command is given, and no other.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

COMMANDS = {
    "run": "run:run_command",
    "demo": "run:demo_command",
    "init": "init:init",
    "check-config": "check_config:check_config_command",
    "login": "login:login",
    "doctor": "doctor.command:doctor",
    "token": "operator:token",
    "assign": "leases:assign",
    "touch": "lease_acts:touch",
    "release": "lease_acts:release",
    "withdraw": "lease_acts:withdraw",
    "status": "listing:status",
    "show": "show:show",
    "leases": "listing:leases",
    "pools": "listing:pools",
    "line": "listing:line",
    "exec": "exec:exec_command",
    "check-upload": "archives:check_upload",
    "wait": "wait:wait",
    "sources": "apt_sources:sources",
    "promote": "archives:promote",
    "history": "archives:history",
    "adopt": "operator:adopt",
    "quarantine": "operator:quarantine",
    "resume": "operator:resume",
    "discard": "operator:discard",
    "hold": "lease_acts:hold",
    "clean": "operator:clean",
    "events": "events:events",
}
"""The function of each, as MODULE:NAME in this package."""
RUNS_OTHERS = "exec"
"""The command whose arguments are another program's command line: what follows the first of them is not read."""
COMPLETION = "_PPA_ASSIGNER_COMPLETE"
"""The variable by which a shell asks what may come next."""

Call = Callable[[], Any]
"""What a command line asks for: a command's function with its arguments."""


def load(name: str) -> Callable[..., Any]:
    """The function of a command."""
    module, _, function = COMMANDS[name].partition(":")
    found: Callable[..., Any] = getattr(import_module(f".{module}", __package__), function)
    return found
