"""What the web service shows of what belongs to an archive: rights, dependencies, subscribers.

Declarations only. Names, parameters and writability are Launchpad's; a test holds them to its service descriptions.
"""

# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False
# (zope and lazr.restful ship no types)

from lazr.restful.declarations import exported, exported_as_webservice_entry
from lazr.restful.fields import Reference
from zope.interface import Interface
from zope.schema import Bool, Choice, Datetime, TextLine

from .located import ILocated
from .words import Pocket


@exported_as_webservice_entry(publish_web_link=False, plural_name="archive_permissions")
class IArchivePermission(ILocated):
    """A right to upload."""

    permission = exported(TextLine(title="Permission"))
    archive = exported(Reference(title="Archive", schema=Interface))
    person = exported(Reference(title="Who", schema=Interface))
    component_name = exported(TextLine(title="Component"))
    source_package_name = exported(TextLine(title="Source"))
    package_set_name = exported(TextLine(title="Set"))
    explicit = exported(Bool(title="Explicit"))
    pocket = exported(Choice(title="Pocket", vocabulary=Pocket), as_of="devel")
    distro_series_name = exported(TextLine(title="Series"))
    date_created = exported(Datetime(title="Since"))


@exported_as_webservice_entry(plural_name="snap_bases", as_of="devel")
class ISnapBase(ILocated):
    """What snaps are built on: there is none here, fields only refer to it."""

    name = exported(TextLine(title="Name"))


@exported_as_webservice_entry(publish_web_link=False, plural_name="archive_dependencies")
class IArchiveDependency(ILocated):
    """An archive that builds of another may use."""

    archive = exported(Reference(title="Archive", schema=Interface, readonly=True))
    dependency = exported(Reference(title="Depends on", schema=Interface, readonly=True))
    pocket = exported(Choice(title="Pocket", vocabulary=Pocket, readonly=True))
    component_name = exported(TextLine(title="Component", readonly=True))
    snap_base = exported(Reference(title="Snap base", schema=ISnapBase, readonly=True), as_of="devel")
    title = exported(TextLine(title="Title", readonly=True))
    date_created = exported(Datetime(title="Since", readonly=True))


@exported_as_webservice_entry(publish_web_link=False, plural_name="archive_subscribers")
class IArchiveSubscriber(ILocated):
    """Somebody who may read a private archive."""

    archive = exported(Reference(title="Archive", schema=Interface, readonly=True))
    subscriber = exported(Reference(title="Who", schema=Interface, readonly=True))
