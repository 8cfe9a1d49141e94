"""Refusals of the web service, each with its HTTP status.

Only the kinds are defined here; the texts are where the rules are.
"""

# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False
# (zope and lazr.restful ship no types)

from lazr.restful.declarations import error_status


@error_status(400)
class BadRequestError(Exception):
    """The request makes no sense here (400)."""


@error_status(401)
class NeedsLoginError(Exception):
    """The request needs a known caller (401)."""


@error_status(403)
class ForbiddenError(Exception):
    """The request was understood and is refused (403)."""


@error_status(404)
class MissingError(Exception):
    """Nothing has that name (404)."""


@error_status(410)
class GoneError(Exception):
    """The account is suspended (410)."""


class RejectedError(Exception):
    """An upload was refused: not seen on the web service, only by the uploader."""
