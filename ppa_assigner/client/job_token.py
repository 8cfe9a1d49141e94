"""Tokens that a CI system signs for the job that this is: asked for at GitHub, or found in a variable or a file.

Rule: a token is asked for when one is needed, and kept until shortly before its end; a file is read each time, for its
token is changed while the job runs.  No token is shown.
"""

from __future__ import annotations

import base64
import json
import os
import threading
from collections.abc import Callable, Mapping
from urllib.parse import quote, urlsplit

from ..times import boottime
from .errors import Unavailable, UsageError

AUDIENCE = "PPA_ASSIGNER_OIDC"
TOKEN = "PPA_ASSIGNER_ID_TOKEN"  # noqa: S105 - the name of a variable
TOKEN_FILE = "PPA_ASSIGNER_ID_TOKEN_FILE"  # noqa: S105 - likewise
GITHUB_URL, GITHUB_TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
ANSWER_S = 10.0
SPARE_S = 60.0
"""How long before its end a token is not used any more; less for one that lasts shorter than five times that."""
_PART = 5
_LARGEST = 64 * 1024
_NONE = (
    "--oidc: there is no token of a job here: under GitHub Actions the job needs `permissions: id-token: write`;"
    f" elsewhere {TOKEN} has it, or {TOKEN_FILE} names a file that does"
)


class JobToken:
    """What `ask` gives, for as long as it lasts.  Safe for threads."""

    def __init__(self, ask: Callable[[], str], *, kept: bool) -> None:
        """`kept`: whether a token is used until it is about to end, since asking for one takes time."""
        self._ask, self._kept = ask, kept
        self._lock = threading.Lock()
        self._token, self._until = "", float("-inf")

    def get(self) -> str:
        """One that is good now.  Raises UsageError and Unavailable."""
        with self._lock:
            if not self._kept or boottime() >= self._until:
                asked = boottime()
                self._token = self._ask()
                lasts = _lifetime(self._token)
                self._until = asked + lasts - min(SPARE_S, lasts / _PART)
            return self._token

    def refused(self, token: str) -> bool:
        """Note that the daemon does not take this one; whether there is another."""
        with self._lock:
            self._until = float("-inf")
        return self.get() != token


def job_token(audience: str | None, environ: Mapping[str, str] = os.environ) -> JobToken | None:
    """The tokens of this job, for this audience where one is asked for.

    None where nothing speaks of them.  Raises UsageError where an audience is given, and there are none.
    """
    if path := environ.get(TOKEN_FILE):
        return JobToken(lambda: _in_file(path), kept=False)
    if token := environ.get(TOKEN):
        return JobToken(lambda: token, kept=False)
    if audience is None:
        return None
    url, by = environ.get(GITHUB_URL), environ.get(GITHUB_TOKEN)
    if not url or not by:
        raise UsageError(_NONE)
    return JobToken(lambda: _of_github(url, by, audience), kept=True)


def _in_file(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(_LARGEST).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise UsageError(f"{TOKEN_FILE}: cannot read {path}: {reason}") from None


def _of_github(url: str, by: str, audience: str) -> str:
    """A new token, within ANSWER_S: by the proxy of the environment, if it names one."""
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    if urlsplit(url).scheme not in ("http", "https"):
        raise UsageError(f"{GITHUB_URL} is not an http(s) address")
    whole = f"{url}{'&' if '?' in url else '?'}audience={quote(audience, safe='')}"
    request = Request(whole, headers={"Authorization": f"bearer {by}", "Accept": "application/json"})  # noqa: S310
    try:
        with urlopen(request, timeout=ANSWER_S) as response:  # noqa: S310 - the scheme was looked at
            token = json.loads(response.read(_LARGEST))["value"]
    except HTTPError as error:
        error.close()
        raise _away(f"HTTP status {error.code}") from None
    except (URLError, OSError, HTTPException) as error:
        raise _away(str(getattr(error, "reason", error))) from None
    except (ValueError, KeyError, TypeError):
        token = None
    if not isinstance(token, str):
        raise _away("its answer has no token")
    return token


def _away(why: str) -> Unavailable:
    return Unavailable(f"GitHub gives no token for this job: {why}", maybe_done=False)


def _lifetime(token: str) -> float:
    """How many seconds a token lasts, by its issuer's clock; 0 where it does not say."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return max(0.0, float(claims["exp"]) - float(claims["iat"]))
    except (ValueError, KeyError, TypeError, IndexError):
        return 0.0
