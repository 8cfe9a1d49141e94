"""Refusals of the web service, each with its HTTP status.

Only kinds are told apart here; texts are said where the rule is.
"""

# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False
# (zope and lazr.restful ship no types)

from lazr.restful.declarations import error_status


@error_status(400)
class BadRequestError(Exception):
    """What was asked for makes no sense here."""


@error_status(401)
class NeedsLoginError(Exception):
    """Only for somebody who is known."""


@error_status(403)
class ForbiddenError(Exception):
    """Understood, and refused."""


@error_status(404)
class MissingError(Exception):
    """A name that nothing has."""


@error_status(410)
class GoneError(Exception):
    """Somebody who is suspended."""


class RejectedError(Exception):
    """An upload that was refused: never seen on the web service, only told to who uploads."""
