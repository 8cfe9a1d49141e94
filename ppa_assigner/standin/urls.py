"""Where things live: each object knows its path below the service root, and addresses are made of nothing else.

No traversal through parents: an address is the root of the request plus the path.
"""

# mypy: disallow-subclassing-any=False
# (zope and lazr.restful ship no types)

from abc import ABC, abstractmethod
from typing import Any

from lazr.restful.interfaces import IWebServiceClientRequest, IWebServiceConfiguration
from lazr.restful.simple import TraverseWithGet
from zope.component import getUtility
from zope.interface import Attribute, Interface, implementer
from zope.location.interfaces import ILocation


class ILocated(ILocation):
    """An object with an address."""

    path = Attribute("path below the service root, without a slash at either end")


class IWebsiteRequest(Interface):
    """Marks what stands for a request to the web pages."""


@implementer(ILocated)
class Located(TraverseWithGet, ABC):
    """Base of everything that has an address; subclasses say `path` and, when there is something below, `get`."""

    __parent__ = None
    __name__ = ""

    @property
    @abstractmethod
    def path(self) -> str:
        """Path below the service root."""

    def get(self, request: Any, name: str) -> Any:
        """What is one step below, None when nothing is."""
        return None


class Step(TraverseWithGet):
    """A part of an address that is not an object, like `+archive`."""

    def __init__(self, find: Any) -> None:
        self._find = find

    def get(self, request: Any, name: str) -> Any:
        """What is one step below."""
        return self._find(name)


class WebsiteRequest:
    """What lazr.restful asks for to make `web_link`s: only the address of the web pages matters."""

    def __init__(self, request: Any) -> None:
        self.annotations: dict[str, Any] = {}


def server_root() -> str:
    """The address of the server, with a slash at the end."""
    config = getUtility(IWebServiceConfiguration)
    return f"http://{config.hostname}:{config.port}/"


class LocatedURL:
    """The address of an object in the version of the web service that the request asked for."""

    def __init__(self, thing: Any, request: Any) -> None:
        self.thing, self.request = thing, request

    def __str__(self) -> str:
        return f"{server_root()}{self.request.version}/{self.thing.path}"

    __call__ = __str__


class WebURL:
    """The address of an object's page for people."""

    def __init__(self, thing: Any, request: Any) -> None:
        self.thing = thing

    def __str__(self) -> str:
        return f"{server_root()}{self.thing.path}"

    __call__ = __str__


def register(registry: Any) -> None:
    """Tell zope how addresses are made; once per process."""
    from lazr.restful.interfaces import IWebBrowserOriginatingRequest
    from zope.interface import classImplements
    from zope.traversing.browser.interfaces import IAbsoluteURL

    classImplements(WebsiteRequest, IWebsiteRequest, IWebBrowserOriginatingRequest)
    registry.registerAdapter(LocatedURL, (ILocated, IWebServiceClientRequest), IAbsoluteURL)
    registry.registerAdapter(WebURL, (ILocated, IWebsiteRequest), IAbsoluteURL)
    registry.registerAdapter(WebsiteRequest, (IWebServiceClientRequest,), IWebBrowserOriginatingRequest)
