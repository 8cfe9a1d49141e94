"""Each forgery is refused by name, and each check of the verifier that is left out lets one of them in.

Rule: a check is only ever left out of a copy of its module in memory.
"""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import ppa_assigner.identity
from ppa_assigner.identity import ClaimRule, OidcRules, keys, rules, token as tokens

from .forgeries import FORGERIES, GOOD, KEYS
from .tokens import AUDIENCE, ISSUER, NOW, key_set, listed, rsa_key

HOUSE = Path(ppa_assigner.identity.__file__).parent


def refusal(text: str, token: Any = tokens, keys: Any = keys, rules: Any = rules) -> str | None:
    """Why a token is refused, as a daemon with this issuer would say; None where it is let in."""
    known = keys.keys_in(KEYS)
    try:
        head = token.head_of(text)
        if head.issuer != ISSUER:
            return "it is of an issuer that is not configured"
        if head.kid not in known:
            return "it is signed by a key that its issuer does not have"
        claims = token.verified(text, known[head.kid], ISSUER, NOW)
    except token.RefusedTokenError as error:
        return str(error)
    wanted = rules.OidcRules(ISSUER, AUDIENCE, (ClaimRule("run_id", ("77",)),))
    return None if wanted.is_for_us(claims) else "it is for another audience"


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_is_refused_by_name(name: str) -> None:
    """And nothing of the token is in what is said of it."""
    forgery = FORGERIES[name]
    said = refusal(forgery.make())
    assert said is not None
    assert forgery.why in said
    assert not any(value in said for value in ("acme", "1296269", "4711", "evil", "elsewhere", "pypi"))


@pytest.mark.parametrize("name", GOOD)
def test_a_good_token_is_let_in(name: str) -> None:
    """Of each kind that issuers make."""
    assert refusal(GOOD[name]()) is None


MUTANTS = {
    "only algorithms of the key": ("token", "algorithms=key.algorithms", "algorithms=['RS256', 'PS256']",
                                   "another algorithm than the key is for"),
    "the signature": ("token", ", algorithms=key.algorithms)", ", options={'verify_signature': False})", "another key"),
    "the issuer": ("token", 'if claims["iss"] != issuer:', "if False:", "of another issuer"),
    "exp": ("token", 'REQUIRED = ("iss", "aud", "exp", "iat")', 'REQUIRED = ("iss", "aud", "iat")', "no exp",
            "value = claims[name]", "value = claims.get(name, 10**12)"),
    "iat as such": ("token", 'REQUIRED = ("iss", "aud", "exp", "iat")', 'REQUIRED = ("iss", "aud", "exp")', "no iat",
                    "value = claims[name]", "value = claims.get(name, 0)"),
    "the end": ("token", 'if now >= _time(claims, "exp") + LEEWAY_S:', "if False:", "expired"),
    "the leeway": ("token", "LEEWAY_S = 30.0", "LEEWAY_S = 31.0", "expired by the leeway"),
    "nbf": ("token", 'if "nbf" in claims and now', "if False and now", "not valid yet"),
    "iat": ("token", 'if now < _time(claims, "iat") - LEEWAY_S:', "if False:", "issued in the future"),
    "that a time is a number": ("token", "value = claims[name]", "value = float(claims[name])", "a text as exp"),
    "that no claim stands twice": ("token", "strict_json.loads(payload.decode())",
                                   "__import__('json').loads(payload.decode())", "exp twice"),
    "the length": ("token", "if len(token) > LONGEST:", "if False:", "too long"),
    "the audience": ("rules", 'claims.get("aud") in (self.audience, [self.audience])', "True", "another audience"),
    "the audience as a whole": ("rules", 'claims.get("aud") in (self.audience, [self.audience])',
                                'str(claims.get("aud")).startswith(self.audience)', "an audience that begins alike"),
    "the audience alone": ("rules", 'claims.get("aud") in (self.audience, [self.audience])',
                           'self.audience in (claims.get("aud") or ())', "another audience beside ours"),
    "what a key is for": ("keys", 'listed.get("use", "sig") != "sig"', "False", "a key for encryption"),
    "the length of a key": ("keys", "key.key.key_size >= LEAST_RSA_BITS", "True", "a short key"),
    "the algorithm that a key is for": ("keys", "possible if said is None else", "possible if True else",
                                        "another algorithm than the key is for"),
    "that keys are public": ("keys", '_KINDS = {"RSA", "EC", "OKP"}', '_KINDS = {"RSA", "EC", "OKP", "oct"}',
                             "a secret of the key set", 'RSA if listed["kty"] == "RSA" else',
                             'RSA if listed["kty"] == "RSA" else ("HS256",) if listed["kty"] == "oct" else'),
}  # fmt: skip
"""What is left out: in which module, by which edit, and which forgery is let in then; more edits that it takes."""
OF_ANOTHER = "of another issuer"


def left_out(module: str, *edits: str) -> ModuleType:
    """A copy of a module with these edits: what stands there, and what in its place."""
    text = (HOUSE / f"{module}.py").read_text()
    for old, new in zip(edits[::2], edits[1::2], strict=True):
        assert text.count(old) == 1, f"stale: {old}"
        text = text.replace(old, new)
    made = ModuleType(f"ppa_assigner.identity.{module}_mutant")
    made.__package__ = "ppa_assigner.identity"
    sys.modules[made.__name__] = made  # where dataclasses look
    try:
        exec(compile(text, str(HOUSE / f"{module}.py"), "exec"), made.__dict__)  # noqa: S102 - that is the test
    finally:
        del sys.modules[made.__name__]
    return made


@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
@pytest.mark.parametrize("check", MUTANTS)
def test_a_check_that_is_left_out_is_missed(check: str) -> None:
    """With it the forgery is refused; without it it is let in."""
    module, old, new, forgery, *more = MUTANTS[check]
    mutant = left_out(module, old, new, *more)
    if forgery == OF_ANOTHER:  # which no token of another configured issuer reaches by its own key
        forged = GOOD["as it should be"]()
        key = keys.keys_in(KEYS)["k1"]
        with pytest.raises(tokens.RefusedTokenError):
            tokens.verified(forged, key, "https://other.example", NOW)
        assert mutant.verified(forged, key, "https://other.example", NOW)
        return
    forged = FORGERIES[forgery].make()
    assert refusal(forged) is not None
    assert refusal(forged, **{module: mutant}) is None


def test_a_key_set_that_has_none_is_no_key_set() -> None:
    """It is refused, so that it replaces nothing; as is one that is too long, or not JSON."""
    many = [listed(f"k{number}") for number in range(keys.MOST_KEYS + 1)]
    private = {**listed("k1"), "d": "AQAB"}
    for data in (key_set(), key_set({"kid": "x"}), key_set(private), key_set(*many), b"[]", b"{", b'{"keys": {}}'):
        with pytest.raises(keys.UnusableDocumentError):
            keys.keys_in(data)


def test_of_two_keys_of_one_name_the_first_counts() -> None:
    """No set of an issuer should have these."""
    found = keys.keys_in(key_set(listed("k1"), listed("k1", rsa_key("two"))))
    assert found["k1"].value.key.public_numbers() == rsa_key().public_key().public_numbers()


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ('{"issuer": "https://issuer.example/", "jwks_uri": "https://issuer.example/k"}', "another issuer's"),
        ('{"issuer": "https://issuer.example"}', "where its keys are"),
        ('{"issuer": "https://issuer.example", "jwks_uri": "http://issuer.example/k"}', "https://"),
        ('{"issuer": "https://issuer.example", "jwks_uri": "file:///etc/passwd"}', "https://"),
        ('{"issuer": "https://issuer.example", "jwks_uri": "https://user@issuer.example/k"}', "https://"),
        ("[]", "JSON object"),
        ("{" * 100_000, "JSON object"),
    ],
)
def test_a_discovery_document_that_cannot_be_used(document: str, why: str) -> None:
    """Keys are only where the issuer itself says that they are, by https."""
    with pytest.raises(keys.UnusableDocumentError, match=why):
        keys.key_set_address(document.encode(), ISSUER)


def test_where_the_keys_are() -> None:
    """As the document of that very issuer says."""
    document = b'{"issuer": "https://issuer.example", "jwks_uri": "https://keys.example/k", "more": 1}'
    assert keys.key_set_address(document, ISSUER) == "https://keys.example/k"


def test_rules_are_plain_values() -> None:
    """A reload compares them."""
    assert OidcRules(ISSUER, AUDIENCE, ()) == OidcRules(ISSUER, AUDIENCE, ())
