"""Asking Launchpad for a token that a person grants in a browser of their own, on any machine.

Rule: every request has a deadline and is sent once.  A request token is asked for once; its exchange for an access
token is tried until there is an answer or the time is over.  This module must not open a browser, use a keyring, write
a file or print.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit

from .. import __version__
from ..backoff import LOGGED_IN_POLL_S
from ..client.errors import NotPermitted, Unavailable
from ..launchpad import refuse_insecure_environment, service_url, web_root
from ..launchpad.http import HttpTransport, NoResponseError, NotSentError, Response, Timeouts
from ..launchpad.redaction import Secrets
from ..launchpad.responses import RETRYABLE, summary
from ..launchpad.signature import Signer
from ..times import boottime
from . import signals

INTERRUPTIBLE = True
"""A signal may end a command's wait anywhere in this module: what it locks, it locks by a `with`."""

CONSUMER = "ppa-assigner"
TIMEOUTS = Timeouts(connect=5.0, read=15.0, total=20.0)
LAST_S = 5.0
"""How much longer than the wait the last request may take: an access token may be on its way."""
_TOKEN = re.compile(r"[!-$&-~]+")  # what a header and a line of a credentials file take as it is

Token = tuple[str, str]


class Authorisation:
    """One attempt to get an access token, which takes at most `wait` seconds from now.

    The consumer is the program's own and not launchpadlib's system-wide one, for which people can grant only everything
    or nothing.  Raises ValueError for an unknown service or for a proxy that cannot be used, and InsecureEnvironment.
    """

    def __init__(self, service: str, wait: float) -> None:
        refuse_insecure_environment()
        self._service, self.web_root = service_url(service), web_root(service)
        self._transport = HttpTransport(self.web_root, TIMEOUTS, 1, boottime)
        self._wait, self._end = wait, time.monotonic() + wait
        self._request: Token = ("", "")
        self._trouble: str | None = None
        self._undecided: bytes | None = None
        self._lost = False

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def ask(self, levels: Sequence[str]) -> str:
        """Return the address at which a person can grant one of these access levels.  Raises Unavailable."""
        try:
            answer = self._post("+request-token", "")
        except (NotSentError, NoResponseError) as error:
            signals.again()
            raise Unavailable(f"{self.web_root} does not answer: {error}") from error
        if answer.status != HTTPStatus.OK:
            raise Unavailable(f"{self.web_root} gives no request token: {summary(answer)}")
        self._request = _token(answer)
        self._transport.secrets = Secrets(*self._request)
        asked = [("oauth_token", self._request[0]), *(("allow_permission", level) for level in levels)]
        return f"{self.web_root}+authorize-token?{urlencode(asked)}"

    def granted(self) -> Token:
        """Wait until the person has granted access; return the key and secret of the access token.

        Raises NotPermitted if access was declined, Unavailable if nobody decided in time or Launchpad is away.
        """
        while (token := self._exchanged()) is None:
            signals.again()
            left = self._end - time.monotonic()
            if left <= 0:
                raise Unavailable(self._in_vain())
            time.sleep(min(LOGGED_IN_POLL_S, left))
        return token

    def person(self, token: Token) -> str | None:
        """Return who granted the token, like `~name`; None if Launchpad does not say."""
        url = f"{self._service}devel/people/+me"
        signed = Signer(CONSUMER, "", *token).authorization()
        headers = {"Accept": "application/json", "User-Agent": _agent(), "Authorization": signed}
        try:
            answer = self._transport.request("GET", url, headers)
        except (NotSentError, NoResponseError):
            return None
        name = urlsplit(answer.headers.get("location", "")).path.rpartition("/")[2]
        return name if re.fullmatch(r"~[a-z0-9][a-z0-9+.-]*", name) else None

    def _exchanged(self) -> Token | None:
        """Ask for the access token once; return None if it is not granted yet, or if the answer does not tell."""
        key, secret = self._request
        try:
            answer = self._post("+access-token", secret, oauth_token=key)
        except (NotSentError, NoResponseError) as error:
            self._no_answer(f"{self.web_root} does not answer: {error}", isinstance(error, NoResponseError))
            return None
        if answer.status == HTTPStatus.OK:
            return _token(answer)
        if answer.status == HTTPStatus.FORBIDDEN:
            raise NotPermitted(f"access was declined ({summary(answer)})")
        if answer.status == HTTPStatus.UNAUTHORIZED:
            self._not_decided(answer)
        elif answer.status in RETRYABLE or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self._no_answer(summary(answer), answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR)
        else:
            raise Unavailable(f"{self.web_root} gives no access token: {summary(answer)}")
        return None

    def _not_decided(self, answer: Response) -> None:
        """Handle a 401, which means that nobody has decided yet, or that the request token does not exist any more."""
        if self._lost and self._undecided not in (None, answer.body):
            raise Unavailable(f"the answer with the token was lost on its way, please log in again ({summary(answer)})")
        self._undecided, self._trouble = answer.body, None

    def _no_answer(self, trouble: str, lost: bool) -> None:
        self._trouble = trouble
        self._lost = self._lost or lost

    def _in_vain(self) -> str:
        return self._trouble or f"nobody granted or declined access within {self._wait:g} s"

    def _post(self, page: str, secret: str, **more: str) -> Response:
        form = {"oauth_consumer_key": CONSUMER, "oauth_signature_method": "PLAINTEXT", **more}
        form["oauth_signature"] = f"&{secret}"
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Referer": self.web_root,
            "User-Agent": _agent(),
        }
        last = max(self._end, time.monotonic()) + LAST_S
        deadline = min(self._transport.deadline(), last)
        return self._transport.request(
            "POST", self.web_root + page, headers, urlencode(form).encode(), deadline=deadline
        )


def _agent() -> str:
    return f"{CONSUMER}/{__version__}"


def _token(answer: Response) -> Token:
    found = dict(parse_qsl(answer.body.decode("utf-8", "replace")))
    key, secret = found.get("oauth_token", ""), found.get("oauth_token_secret", "")
    if not (_TOKEN.fullmatch(key) and _TOKEN.fullmatch(secret)):
        raise Unavailable("what answered is not Launchpad: its token cannot be read")
    return key, secret
