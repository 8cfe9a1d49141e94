"""Who a caller is by a token that an OIDC issuer signed: which tokens count, and what their claims say of a client.

Rule: pure functions; the keys and the time are arguments.  Nothing here asks the network, reads a file or knows HTTP.
A text that is made here for people names claims, and never has a value of a token.  PyJWT, which is an extra, is
imported only where keys are read and signatures are verified.
"""

from .claims import ClaimError, ClaimRule, Claims, texts_of
from .issuer import KeyCache
from .rules import OidcRules
from .template import JOINT, Template
from .token import RefusedTokenError, TokenHead, head_of, verified

__all__ = [
    "JOINT",
    "ClaimError",
    "ClaimRule",
    "Claims",
    "KeyCache",
    "OidcRules",
    "RefusedTokenError",
    "Template",
    "TokenHead",
    "head_of",
    "texts_of",
    "verified",
]
