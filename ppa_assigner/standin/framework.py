"""lazr.restful configured with what it serves: versions, the root, errors, visibility. Set up once per process.

No rule of Launchpad is decided here; it only ties the model to the framework.
"""

# mypy: disallow-subclassing-any=False
# (zope and lazr.restful ship no types)

from __future__ import annotations

import threading
from typing import Any

from lazr.restful.interfaces import ITopLevelEntryLink, IWebServiceConfiguration
from lazr.restful.simple import BaseWebServiceConfiguration, Publication, Request, RootResource, RootResourceAbsoluteURL
from zope.component import getGlobalSiteManager, getUtility
from zope.configuration import xmlconfig
from zope.interface import implementer
from zope.publisher.interfaces import NotFound
from zope.security.management import setSecurityPolicy
from zope.security.simplepolicies import PermissiveSecurityPolicy

from . import cache, urls
from .access import VIEW, current
from .errors import GoneError, MissingError, NeedsLoginError
from .interfaces import (
    IArchive,
    IArchiveSet,
    IDistribution,
    IDistributionSet,
    IPerson,
    IPersonSet,
    IProcessor,
    IProcessorSet,
)
from .listing import Listing
from .urls import Located
from .world import World

VERSIONS = ("1.0", "devel")
PAGE, LARGEST_PAGE, ROOT_AGE = 50, 300, 3600

ZCML = """<configure xmlns="http://namespaces.zope.org/zope"
    xmlns:webservice="http://namespaces.canonical.com/webservice" xmlns:grok="http://namespaces.zope.org/grok">
  <include package="lazr.restful" file="basic-site.zcml" />
  <webservice:register module="ppa_assigner.standin.interfaces" />
  <webservice:register module="ppa_assigner.standin.errors" />
  <grok:grok package="ppa_assigner.standin.framework" />
</configure>"""


class Served:
    """The world that is served, and whether zope is set up."""

    world: World
    ready = False
    lock = threading.Lock()


class Configuration(BaseWebServiceConfiguration):
    """What lazr.restful asks about the service."""

    active_versions = list(VERSIONS)
    first_version_with_total_size_link = "devel"
    last_version_with_mutator_named_operations = None
    code_revision, use_https, show_tracebacks = "1", False, False
    path_override, view_permission = None, VIEW
    default_batch_size, max_batch_size = PAGE, LARGEST_PAGE
    caching_policy = [ROOT_AGE, ROOT_AGE]
    compensate_for_mod_compress_etag_modification = True
    hostname, port = "127.0.0.1", 0

    def get_request_user(self) -> None:
        """None: operations ask for the caller themselves."""


class StandinRequest(Request):
    """A request; `lost` when its address led nowhere."""

    lost = False


class StandinPublication(Publication):
    """Leads requests to objects, as lazr.restful's publication does."""

    def handleException(self, thing: Any, request: Any, exc_info: Any, retry_allowed: bool = True) -> None:
        """Remember an address that led nowhere: its answer has no Vary header."""
        if isinstance(exc_info[1], NotFound):
            request.lost = True
        super().handleException(thing, request, exc_info, retry_allowed)


class VisibilityPolicy(PermissiveSecurityPolicy):
    """Decides which entries of a list the caller sees."""

    def checkPermission(self, permission: str, thing: Any) -> bool:
        """Whether the caller has that permission; what has no rights of its own is seen by all."""
        caller, permits = current(), getattr(thing, "permits", None)
        return caller is None or permits is None or bool(permits(permission, caller))


@implementer(IPersonSet)
class PersonSet(Located):
    """The collection `people`."""

    path = "people"

    def everybody(self) -> Listing:
        """All people, by name."""
        people = Served.world.people
        return Listing([people[name] for name in sorted(people)])

    def get(self, request: Any, name: str) -> Any:
        """401 for `+me` of an anonymous caller; nothing else is below."""
        if name == "+me":
            raise NeedsLoginError("You need to be logged in to view this URL.")
        return None


@implementer(IArchiveSet)
class ArchiveSet(Located):
    """The collection `archives`."""

    path = "archives"

    def everything(self) -> Listing:
        """An empty list: the real service lists none."""
        return Listing([])

    def getByReference(self, reference: str) -> Any:
        """The archive of that reference; null when there is none or the caller may not know of it."""
        caller, found = current(), Served.world.find(reference)
        return found if found is not None and found.named_to(caller.person if caller else None) else None


@implementer(IDistributionSet)
class DistributionSet(Located):
    """The collection `distros`."""

    path = "distros"

    def everything(self) -> Listing:
        """All distributions."""
        return Listing(list(Served.world.distributions.values()))


@implementer(IProcessorSet)
class ProcessorSet(Located):
    """The collection `+processors`."""

    path = "+processors"

    def everything(self) -> Listing:
        """All processors, by name."""
        return Listing(list(Served.world.processors.values()))

    def getByName(self, name: str) -> Any:
        """The processor of that name; 404 when there is none."""
        if name not in Served.world.processors:
            raise MissingError(f"No such processor: '{name}'.")
        return Served.world.processors[name]

    def get(self, request: Any, name: str) -> Any:
        """The processor of that name, or None."""
        return Served.world.processors.get(name)


@implementer(ITopLevelEntryLink)
class Me(Located):
    """`people/+me`: who the caller is, by a redirect that the service gives before it comes here."""

    path, link_name, entry_type = "people/+me", "me", IPerson


class Root(RootResource):
    """The root of the service, where every address starts."""

    def __init__(self) -> None:
        super().__init__()
        self._wadl: dict[str, list[str]] = {}  # the pieces between addresses

    def _build_top_level_objects(self) -> Any:
        sets = {
            "people": (IPerson, PersonSet()),
            "archives": (IArchive, ArchiveSet()),
            "distros": (IDistribution, DistributionSet()),
            "+processors": (IProcessor, ProcessorSet()),
        }
        return sets, {"me": Me()}

    def get(self, request: Any, name: str) -> Any:
        """A person, a distribution or one of the sets."""
        if name.startswith("~"):
            return self._person(name[1:])
        if name in Served.world.distributions:
            return Served.world.distributions[name]
        return super().get(request, name)

    def _person(self, name: str) -> Any:
        person, caller = Served.world.people.get(name), current()
        if person is not None and person.suspended and not (caller and caller.person and caller.person.is_admin):
            raise GoneError(f"'User is suspended: ~{name}'")
        return person

    def toWADL(self) -> str:
        """The service description: the same for everybody but for the address, and slow to make, so it is cached."""
        version, config = self.request.version, getUtility(IWebServiceConfiguration)
        address = f"http://{config.hostname}:{config.port}/"
        if version not in self._wadl:
            self._wadl[version] = super().toWADL().split(address)
        return address.join(self._wadl[version])


class RootURL(RootResourceAbsoluteURL):
    """The address of the root."""


def set_up() -> None:
    """Register everything with zope; once per process, later calls do nothing."""
    with Served.lock:
        if not Served.ready:
            xmlconfig.string(ZCML.encode())
            setSecurityPolicy(VisibilityPolicy)
            cache.install()
            urls.register(getGlobalSiteManager())
            Served.ready = True
