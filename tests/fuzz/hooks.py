"""What schemathesis is told about calls that wait: loaded by the command line of schemathesis, not by pytest.

Rule: nothing that is wrong is made right here; a call that may take an hour is made one that takes a moment.
"""

from __future__ import annotations

from typing import Any

import schemathesis

LONGEST_WAIT_S = 0.05


@schemathesis.hook
def before_call(ctx: Any, case: Any, kwargs: Any) -> None:
    """A wait in the line is short, the events end after those that are known, and nothing is deleted for good."""
    body = case.body
    if isinstance(body, dict) and _is_wait(body.get("wait")):
        body["wait"] = min(body["wait"], LONGEST_WAIT_S)
    if case.operation.path.endswith("/uploads") and "wait" in case.query:
        case.query["wait"] = f"{LONGEST_WAIT_S}"
    if case.operation.path.endswith("/discard") and isinstance(body, dict) and body.get("delete") is True:
        body["delete"] = False
    if case.operation.path == "/v1/events" and case.query.get("follow") in (None, True, "true"):
        case.query["follow"] = "false"


def _is_wait(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 3600
