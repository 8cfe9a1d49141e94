"""What the web service shows of an archive and of what belongs to it: rights, dependencies, subscribers.

Declarations only, a part of the real interface and nothing of its own. Names, parameters and writability are
Launchpad's; a test holds them to its service descriptions. The order of the fields matters: ETags are made in it.
"""

# mypy: disable-error-code="misc", disallow-subclassing-any=False
# mypy: disallow-untyped-decorators=False, disallow-untyped-defs=False
# (zope and lazr.restful ship no types; an interface has no code to check)

import re

from lazr.restful.declarations import (
    export_destructor_operation,
    export_factory_operation,
    export_read_operation,
    export_write_operation,
    exported,
    exported_as_webservice_entry,
    operation_for_version,
    operation_parameters,
    operation_returns_collection_of,
)
from lazr.restful.fields import CollectionField, Reference
from zope.interface import Interface
from zope.schema import Bool, Choice, Datetime, Dict, Int, List, Text, TextLine

from .enums import BuildState, Pocket, PublishingMethod, PublishingStatus, RepositoryFormat
from .package_interface import (
    IBinaryPackagePublishingHistory,
    IBuild,
    IPackageUpload,
    IPublication,
    ISourcePackagePublishingHistory,
)
from .urls import ILocated


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


def valid_name(name: str) -> bool:
    """Whether a PPA may be called that."""
    return re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", name) is not None


class IProcessorMarker(Interface):
    """Stands for processors until their interface is known."""


@exported_as_webservice_entry()
class IArchive(ILocated):
    """A PPA, or the main archive of a distribution."""

    owner = exported(Reference(title="Owner", schema=Interface))
    name = exported(TextLine(title="Name"))
    displayname = exported(TextLine(title="Display name"))
    reference = exported(TextLine(title="Reference", readonly=True))
    distribution = exported(Reference(title="Distribution", schema=Interface))
    private = exported(Bool(title="Private"))
    suppress_subscription_notifications = exported(Bool(title="No mail to subscribers"))
    description = exported(Text(title="Description", required=False))
    status = exported(TextLine(title="Status", readonly=True), as_of="devel")
    signing_key_fingerprint = exported(Text(title="Key"))
    dependencies = exported(
        CollectionField(title="Dependencies", readonly=True, value_type=Reference(schema=IArchiveDependency))
    )
    require_virtualized = exported(Bool(title="Builds in virtual machines"))
    build_debug_symbols = exported(Bool(title="Builds debug symbols"), as_of="devel")
    publish_debug_symbols = exported(Bool(title="Publishes debug symbols"), as_of="devel")
    permit_obsolete_series_uploads = exported(Bool(title="Takes obsolete series"), as_of="devel")
    authorized_size = exported(Int(title="Quota in MiB", required=False))
    external_dependencies = exported(Text(title="External dependencies", required=False))
    metadata_overrides = exported(
        Dict(title="Overrides of the Release file", key_type=TextLine(), value_type=TextLine(), required=False),
        as_of="devel",
    )
    enabled_restricted_processors = exported(
        CollectionField(title="Restricted processors", readonly=True, value_type=Reference(schema=IProcessorMarker)),
        as_of="devel",
    )
    processors = exported(
        CollectionField(title="Processors", readonly=True, value_type=Reference(schema=IProcessorMarker)),
        as_of="devel",
    )
    publish = exported(Bool(title="Published"))
    publishing_method = exported(Choice(title="Method", vocabulary=PublishingMethod))
    repository_format = exported(Choice(title="Format", vocabulary=RepositoryFormat))
    relative_build_score = exported(Int(title="Build score"))

    @operation_parameters(
        source_name=TextLine(title="Name", required=False),
        version=TextLine(title="Version", required=False),
        status=Choice(title="Status", vocabulary=PublishingStatus, required=False),
        distro_series=Reference(title="Series", schema=Interface, required=False),
        pocket=Choice(title="Pocket", vocabulary=Pocket, required=False),
        exact_match=Bool(title="Exact", required=False),
        created_since_date=Datetime(title="Since", required=False),
        component_name=TextLine(title="Component", required=False),
        order_by_date=Bool(title="Newest first", required=False),
        order_by_date_ascending=Bool(title="Oldest first", required=False),
    )
    @operation_returns_collection_of(ISourcePackagePublishingHistory)
    @export_read_operation()
    def getPublishedSources(**filters):
        """Publications of sources."""

    @operation_parameters(
        binary_name=TextLine(title="Name", required=False),
        version=TextLine(title="Version", required=False),
        status=Choice(title="Status", vocabulary=PublishingStatus, required=False),
        distro_arch_series=Reference(title="Series and architecture", schema=Interface, required=False),
        pocket=Choice(title="Pocket", vocabulary=Pocket, required=False),
        exact_match=Bool(title="Exact", required=False),
        created_since_date=Datetime(title="Since", required=False),
        ordered=Bool(title="Ordered", required=False),
        order_by_date=Bool(title="Newest first", required=False),
        order_by_date_ascending=Bool(title="Oldest first", required=False),
        component_name=TextLine(title="Component", required=False),
    )
    @operation_returns_collection_of(IBinaryPackagePublishingHistory)
    @export_read_operation()
    def getPublishedBinaries(**filters):
        """Publications of binaries."""

    @operation_parameters(
        source_name=TextLine(title="Name", required=False),
        build_state=Choice(title="State", vocabulary=BuildState, required=False),
        pocket=Choice(title="Pocket", vocabulary=Pocket, required=False),
    )
    @operation_returns_collection_of(IBuild)
    @export_read_operation()
    def getBuildRecords(source_name=None, build_state=None, pocket=None):
        """Builds."""

    @operation_parameters(include_needsbuild=Bool(title="Those that wait too", required=False))
    @export_read_operation()
    def getBuildCounters(include_needsbuild=True):
        """How many builds are in what kind of state."""

    @operation_parameters(source_ids=List(title="Numbers of publications", value_type=Int()))
    @export_read_operation()
    def getBuildSummariesForSourceIds(source_ids):
        """How the builds of these sources stand."""

    @export_read_operation()
    @operation_for_version("devel")
    def getSigningKeyData():
        """The public key that the indexes are signed with."""

    @operation_parameters(
        person=Reference(title="Who", schema=Interface, required=True),
        distroseries=Reference(title="Series", schema=Interface, required=True),
        sourcepackagename=TextLine(title="Source", required=True),
        component=TextLine(title="Component", required=True),
        pocket=Choice(title="Pocket", vocabulary=Pocket, required=True),
        strict_component=Bool(title="Strict", required=False),
    )
    @export_read_operation()
    def checkUpload(person, distroseries, sourcepackagename, component, pocket, strict_component=True):
        """True, or 403."""

    @operation_parameters(component_name=TextLine(title="Component", required=False))
    @operation_returns_collection_of(IArchivePermission)
    @export_read_operation()
    def getUploadersForComponent(component_name=None):
        """Rights by component."""

    @operation_returns_collection_of(IArchivePermission)
    @export_read_operation()
    @operation_for_version("devel")
    def getAllPermissions():
        """All rights."""

    @operation_parameters(names=List(title="Names", value_type=TextLine(), required=False))
    @export_read_operation()
    @operation_for_version("devel")
    def getNamedAuthTokens(names=None):
        """Keys of a private archive that have names; for those who may edit it."""

    @operation_parameters(person=Reference(title="Who", schema=Interface, required=True))
    @operation_returns_collection_of(IArchivePermission)
    @export_read_operation()
    def getPermissionsForPerson(person):
        """Rights of somebody."""

    @operation_parameters(
        person=Reference(title="Who", schema=Interface, required=True),
        component_name=TextLine(title="Component", required=True),
    )
    @export_factory_operation(IArchivePermission, [])
    def newComponentUploader(person, component_name):
        """Give the right to upload."""

    @operation_parameters(
        person=Reference(title="Who", schema=Interface, required=True),
        component_name=TextLine(title="Component", required=True),
    )
    @export_write_operation()
    def deleteComponentUploader(person, component_name):
        """Take it away."""

    @operation_parameters(
        person=Reference(title="Who", schema=Interface, required=True),
        source_package_name=TextLine(title="Source", required=True),
    )
    @export_factory_operation(IArchivePermission, [])
    def newPackageUploader(person, source_package_name):
        """A right that means nothing in a PPA."""

    @operation_parameters(
        person=Reference(title="Who", schema=Interface, required=True),
        source_package_name=TextLine(title="Source", required=True),
    )
    @export_write_operation()
    def deletePackageUploader(person, source_package_name):
        """Take it away."""

    @operation_parameters(
        person=Reference(title="Who", schema=Interface, required=True),
        pocket=Choice(title="Pocket", vocabulary=Pocket, required=True),
    )
    @export_factory_operation(IArchivePermission, [])
    @operation_for_version("devel")
    def newPocketUploader(person, pocket):
        """A right that means nothing in a PPA."""

    @operation_parameters(
        person=Reference(title="Who", schema=Interface, required=True),
        pocket=Choice(title="Pocket", vocabulary=Pocket, required=True),
    )
    @export_write_operation()
    @operation_for_version("devel")
    def deletePocketUploader(person, pocket):
        """Take it away."""

    @operation_parameters(
        subscriber=Reference(title="Who", schema=Interface, required=True),
        date_expires=Datetime(title="Until", required=False),
        description=Text(title="Why", required=False),
    )
    @export_factory_operation(IArchiveSubscriber, [])
    def newSubscription(subscriber, date_expires=None, description=None):
        """Let somebody read a private archive."""

    @operation_parameters(
        dependency=Reference(title="Depends on", schema=Interface, required=True),
        pocket=Choice(title="Pocket", vocabulary=Pocket, required=True),
        component=TextLine(title="Component", required=False),
    )
    @export_factory_operation(IArchiveDependency, [])
    @operation_for_version("devel")
    def addArchiveDependency(dependency, pocket, component=None):
        """Let builds use another archive."""

    @operation_parameters(dependency=Reference(title="Depends on", schema=Interface, required=True))
    @export_write_operation()
    @operation_for_version("devel")
    def removeArchiveDependency(dependency):
        """Let them no more."""

    @operation_parameters(
        processors=List(title="Processors", value_type=Reference(schema=IProcessorMarker), required=True)
    )
    @export_write_operation()
    @operation_for_version("devel")
    def setProcessors(processors):
        """Build for these."""

    @operation_parameters(
        source_name=TextLine(title="Name", required=True),
        version=TextLine(title="Version", required=True),
        from_archive=Reference(title="From", schema=Interface, required=True),
        to_pocket=TextLine(title="Pocket", required=True),
        to_series=TextLine(title="Series", required=False),
        include_binaries=Bool(title="With binaries", required=False),
        unembargo=Bool(title="From private to public", required=False),
        auto_approve=Bool(title="Without review", required=False),
        silent=Bool(title="No mail", required=False),
        from_pocket=TextLine(title="From pocket", required=False),
        from_series=TextLine(title="From series", required=False),
    )
    @export_write_operation()
    @operation_for_version("devel")
    def copyPackage(source_name, version, from_archive, to_pocket, to_series=None, include_binaries=False, **more):
        """Copy later, by a job."""

    @operation_parameters(
        source_name=TextLine(title="Name", required=True),
        version=TextLine(title="Version", required=True),
        from_archive=Reference(title="From", schema=Interface, required=True),
        to_pocket=TextLine(title="Pocket", required=True),
        to_series=TextLine(title="Series", required=False),
        include_binaries=Bool(title="With binaries", required=False),
    )
    @export_write_operation()
    def syncSource(source_name, version, from_archive, to_pocket, to_series=None, include_binaries=False):
        """Copy at once."""

    @export_destructor_operation()
    @operation_for_version("devel")
    def lp_delete():
        """Delete the PPA."""


for _interface, _names in {
    IArchivePermission: ["archive"],
    IArchiveDependency: ["archive", "dependency"],
    IArchiveSubscriber: ["archive"],
    IPublication: ["archive", "copied_from_archive"],
    IBinaryPackagePublishingHistory: ["archive", "copied_from_archive"],
    ISourcePackagePublishingHistory: ["archive", "copied_from_archive"],
    IBuild: ["archive"],
    IPackageUpload: ["archive"],
}.items():
    for _name in _names:
        _interface[_name].schema = IArchive
