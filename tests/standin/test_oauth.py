"""How a program comes by a token: the three pages, driven by launchpadlib itself and by hand."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

import pytest
import urllib3

from ppa_assigner.standin.control_client import ControlClient, ControlError
from ppa_assigner.standin.standin import Standin

from .client import FORM, Client

LAUNCHPADLIB = """
import sys
from launchpadlib.credentials import Credentials
from ppa_assigner.standin.control_client import ControlClient
root, control = sys.argv[1:]
credentials = Credentials("robot")
url = credentials.get_request_token(web_root=root)
ControlClient(control).authorise(url.partition("oauth_token=")[2], "ppa-bot", "WRITE_PRIVATE")
credentials.exchange_request_token_for_access_token(web_root=root)
print(credentials.access_token.key, credentials.access_token.secret)
"""


@dataclass(frozen=True)
class Asked:
    """A request token, and how its exchange is answered."""

    key: str
    exchange: Callable[[], urllib3.BaseHTTPResponse]


@pytest.fixture
def asked(standin: Standin) -> Iterator[Asked]:
    """A program has asked."""
    pool = urllib3.PoolManager()

    def post(page: str, **fields: str) -> urllib3.BaseHTTPResponse:
        form = {"oauth_consumer_key": "robot", "oauth_signature_method": "PLAINTEXT", **fields}
        return pool.request("POST", standin.service_root + page, body=urlencode(form), headers={"Content-Type": FORM})

    told = dict(parse_qsl(post("+request-token", oauth_signature="&").data.decode()))
    key, signature = told["oauth_token"], "&" + told["oauth_token_secret"]
    yield Asked(key, lambda: post("+access-token", oauth_token=key, oauth_signature=signature))
    pool.clear()


def test_launchpadlib_gets_a_token_that_works(standin: Standin, control: ControlClient) -> None:
    """launchpadlib's own steps end in a token of the person who decided.  (In a process: it leaves sockets open.)"""
    command = [sys.executable, "-c", LAUNCHPADLIB, standin.service_root, standin.control_url]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    key, secret = done.stdout.split()
    client = Client(standin.service_root, {"consumer": "robot", "token": key, "secret": secret})
    assert client.send("GET", "people/+me").headers["Location"].endswith("/~ppa-bot")
    client.close()


def test_who_declines_is_told_apart_from_who_has_not_decided(asked: Asked, control: ControlClient) -> None:
    """401 until somebody decides; declined is 403, as often as it is asked for."""
    assert asked.exchange().status == 401
    control.authorise(asked.key, "ppa-bot", "UNAUTHORIZED")
    assert [asked.exchange().status for _ in range(2)] == [403, 403]


def test_a_request_token_is_good_for_one_exchange(asked: Asked, control: ControlClient) -> None:
    """A second exchange is refused, with another text than before the decision."""
    waiting = asked.exchange()
    control.authorise(asked.key, "ppa-bot")
    assert asked.exchange().status == 200
    again = asked.exchange()
    assert (again.status, again.data != waiting.data) == (401, True)


def test_the_page_for_people_names_who_asks(asked: Asked, standin: Standin) -> None:
    """It says which program waits; of a request that is not there it knows nothing."""
    with urllib3.PoolManager() as pool:
        page = pool.request("GET", f"{standin.service_root}+authorize-token?oauth_token={asked.key}")
        nothing = pool.request("GET", f"{standin.service_root}+authorize-token?oauth_token=none")
    assert (page.status, nothing.status) == (200, 404)
    assert b"robot" in page.data


def test_a_decision_that_makes_no_sense_is_refused(asked: Asked, control: ControlClient) -> None:
    """No such level, no such request, and no second decision."""
    with pytest.raises(ControlError, match="level"):
        control.authorise(asked.key, "ppa-bot", "EVERYTHING")
    with pytest.raises(ControlError):
        control.authorise("none", "ppa-bot")
    control.authorise(asked.key, "ppa-bot")
    with pytest.raises(ControlError, match="already"):
        control.authorise(asked.key, "ppa-bot", "UNAUTHORIZED")
