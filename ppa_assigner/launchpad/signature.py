"""The signature of a request: OAuth 1.0 with PLAINTEXT (RFC 5849), field by field what launchpadlib sends.

Rule: it depends on the token, the time and a nonce, never on the request.  So its fixed part is made once, where
oauthlib reads and escapes everything again for each request.  Nothing here decides where a signature may be sent.
"""

from __future__ import annotations

import secrets
import time
from urllib.parse import quote


class Signer:
    """Signs for one token.  Safe for threads."""

    def __init__(self, consumer: str, consumer_secret: str, token: str, secret: str) -> None:
        fields = {
            "oauth_version": "1.0",
            "oauth_signature_method": "PLAINTEXT",
            "oauth_consumer_key": consumer,
            "oauth_token": token,
            "oauth_signature": f"{_escaped(consumer_secret)}&{_escaped(secret)}",
        }
        self._fixed = ", ".join(f'{name}="{_escaped(value)}"' for name, value in fields.items())

    def authorization(self) -> str:
        """The Authorization header of one request, which no other has."""
        nonce, now = secrets.token_hex(16), int(time.time())
        return f'OAuth realm="OAuth", oauth_nonce="{nonce}", oauth_timestamp="{now}", {self._fixed}'


def _escaped(text: str) -> str:
    return quote(text, safe="~")
