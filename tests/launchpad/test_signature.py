"""The signature of a request, beside launchpadlib's own."""

from __future__ import annotations

import re
import time

import pytest

from ppa_assigner.launchpad import new_credentials
from ppa_assigner.launchpad.client import signer
from ppa_assigner.launchpad.signature import Signer

_FIELD = re.compile(r'(\w+)="([^"]*)"')
CHOSEN_ANEW = {"oauth_nonce", "oauth_timestamp"}


def fields(header: str) -> dict[str, str]:
    """The fields of an Authorization header, as they were sent."""
    scheme, _, rest = header.partition(" ")
    assert scheme == "OAuth"
    assert ", ".join(f'{name}="{value}"' for name, value in _FIELD.findall(rest)) == rest
    return dict(_FIELD.findall(rest))


@pytest.mark.parametrize("consumer_secret", ["", "con sumer&"])
@pytest.mark.parametrize("text", ["plain0123", "a-b._~c", "a b/c?d=e&f", '"quoted", &26', "+é€"])
def test_it_is_as_launchpadlib_signs(text: str, consumer_secret: str) -> None:
    """Field by field, whatever is in the token, but for what is new in each request."""
    credentials, _ = new_credentials(f"robot {text}", f"key {text}", f"secret {text}")
    credentials.consumer.secret = consumer_secret
    theirs: dict[str, str] = {}
    credentials.authorizeRequest("https://api.test/devel/~ci?ws.op=a", "PATCH", None, theirs)
    ours, expected = fields(signer(credentials).authorization()), fields(theirs["Authorization"])
    assert ours.keys() == expected.keys()
    assert ours.keys() > CHOSEN_ANEW
    assert [ours[name] for name in ours.keys() - CHOSEN_ANEW] == [expected[name] for name in ours.keys() - CHOSEN_ANEW]


def test_each_request_has_a_signature_of_its_own() -> None:
    """No two have the same nonce, and each has the time of its request."""
    one, before = Signer("robot", "", "key", "secret"), int(time.time())
    sent = [fields(one.authorization()) for _ in range(1000)]
    assert len({each["oauth_nonce"] for each in sent}) == len(sent)
    assert all(before <= int(each["oauth_timestamp"]) <= time.time() for each in sent)
