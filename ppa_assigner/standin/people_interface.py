"""What the web service shows of people, distributions and processors: a part of the real interface, nothing of its own.

Declarations only. Names, parameters and writability are Launchpad's; a test holds them to its service descriptions.
"""

# mypy: disable-error-code="misc", disallow-subclassing-any=False
# mypy: disallow-untyped-decorators=False, disallow-untyped-defs=False
# (zope and lazr.restful ship no types; an interface has no code to check)

from lazr.restful.declarations import (
    collection_default_content,
    export_factory_operation,
    export_read_operation,
    exported,
    exported_as_webservice_collection,
    exported_as_webservice_entry,
    operation_for_version,
    operation_parameters,
    operation_returns_collection_of,
    operation_returns_entry,
)
from lazr.restful.fields import CollectionField, Reference
from zope.interface import Interface
from zope.schema import Bool, Choice, Datetime, Int, Text, TextLine

from .archive_interface import IArchive, valid_name
from .enums import Pocket, SeriesStatus, UploadStatus, Visibility
from .package_interface import IPackageUpload
from .urls import ILocated


@exported_as_webservice_entry(publish_web_link=False)
class IProcessor(ILocated):
    """A kind of machine that packages are built for."""

    name = exported(TextLine(title="Name", readonly=True), as_of="devel")
    title = exported(TextLine(title="Title", readonly=True), as_of="devel")
    description = exported(Text(title="Description", readonly=True), as_of="devel")
    restricted = exported(Bool(title="Restricted", readonly=True), as_of="devel")
    build_by_default = exported(Bool(title="By default", readonly=True), as_of="devel")
    supports_virtualized = exported(Bool(title="Virtualized", readonly=True), as_of="devel")
    supports_nonvirtualized = exported(Bool(title="Not virtualized", readonly=True), as_of="devel")


@exported_as_webservice_entry()
class IDistroArchSeries(ILocated):
    """A series for one architecture."""

    architecture_tag = exported(TextLine(title="Tag"))
    display_name = exported(TextLine(title="Display name"))
    title = exported(TextLine(title="Title"))
    official = exported(Bool(title="Official"))
    is_nominated_arch_indep = exported(Bool(title="Builds what is architecture independent"))
    supports_virtualized = exported(Bool(title="Virtualized", readonly=True))
    distroseries = exported(Reference(title="Series", schema=Interface))
    processor = exported(Reference(title="Processor", schema=IProcessor, readonly=True), as_of="devel")


@exported_as_webservice_entry(plural_name="distro_serieses")
class IDistroSeries(ILocated):
    """A series of a distribution."""

    name = exported(TextLine(title="Name"))
    displayname = exported(TextLine(title="Display name"))
    title = exported(TextLine(title="Title"))
    version = exported(TextLine(title="Version"))
    active = exported(Bool(title="Active"))
    supported = exported(Bool(title="Supported"))
    status = exported(Choice(title="Status", vocabulary=SeriesStatus))
    distribution = exported(Reference(title="Distribution", schema=Interface))
    main_archive = exported(Reference(title="Archive", schema=IArchive))
    nominatedarchindep = exported(Reference(title="Architecture independent", schema=IDistroArchSeries))
    architectures = exported(
        CollectionField(title="Architectures", readonly=True, value_type=Reference(schema=IDistroArchSeries))
    )

    @operation_parameters(archtag=TextLine(title="Tag", required=True))
    @operation_returns_entry(IDistroArchSeries)
    @export_read_operation()
    def getDistroArchSeries(archtag):
        """The series for an architecture."""

    @operation_parameters(
        created_since_date=Datetime(title="Since", required=False),
        status=Choice(title="Status", vocabulary=UploadStatus, required=False),
        archive=Reference(title="Archive", schema=IArchive, required=False),
        pocket=Choice(title="Pocket", vocabulary=Pocket, required=False),
        name=TextLine(title="Name", required=False),
        version=TextLine(title="Version", required=False),
        exact_match=Bool(title="Exact", required=False),
    )
    @operation_returns_collection_of(IPackageUpload)
    @export_read_operation()
    def getPackageUploads(
        created_since_date=None,
        status=None,
        archive=None,
        pocket=None,
        name=None,
        version=None,
        exact_match=False,
    ):
        """The queue of uploads."""


@exported_as_webservice_entry()
class IDistribution(ILocated):
    """What series belong to."""

    name = exported(TextLine(title="Name"))
    display_name = exported(TextLine(title="Display name"))
    title = exported(TextLine(title="Title"))
    supports_ppas = exported(Bool(title="Has PPAs"))
    main_archive = exported(Reference(title="Archive", schema=IArchive, readonly=True))
    current_series = exported(Reference(title="Development series", schema=IDistroSeries))
    series = exported(CollectionField(title="Series", readonly=True, value_type=Reference(schema=IDistroSeries)))

    @operation_parameters(name_or_version=TextLine(title="Name or version", required=True))
    @operation_returns_entry(IDistroSeries)
    @export_read_operation()
    def getSeries(name_or_version):
        """A series of this distribution."""


IDistroArchSeries["distroseries"].schema = IDistroSeries
IDistroSeries["distribution"].schema = IDistribution


@exported_as_webservice_entry(plural_name="people")
class IPerson(ILocated):
    """A person or a team."""

    name = exported(TextLine(title="Name"))
    display_name = exported(TextLine(title="Display name"))
    is_team = exported(Bool(title="Team", readonly=True))
    is_valid = exported(Bool(title="Active", readonly=True))
    date_created = exported(Datetime(title="Since", readonly=True))
    time_zone = exported(TextLine(title="Time zone", readonly=True))
    visibility = exported(Choice(title="Visibility", vocabulary=Visibility))
    hide_email_addresses = exported(Bool(title="Hides addresses"))
    karma = exported(Int(title="Karma", readonly=True))
    team_owner = exported(Reference(title="Owner", schema=Interface, required=False))
    ppas = exported(CollectionField(title="PPAs", readonly=True, value_type=Reference(schema=IArchive)))
    super_teams = exported(CollectionField(title="Member of", readonly=True, value_type=Reference(schema=Interface)))
    admins = exported(CollectionField(title="Administrators", readonly=True, value_type=Reference(schema=Interface)))

    @operation_parameters(
        distribution=Reference(title="Distribution", schema=IDistribution, required=False),
        name=TextLine(title="Name", required=True),
    )
    @operation_returns_entry(IArchive)
    @export_read_operation()
    def getPPAByName(name, distribution=None):
        """A PPA of this person; 404 when there is none of that name."""

    @operation_parameters(
        distribution=Reference(title="Distribution", schema=IDistribution, required=False),
        name=TextLine(title="Name", required=False, constraint=valid_name),
        displayname=TextLine(title="Display name", required=False),
        description=Text(title="Description", required=False),
        private=Bool(title="Private", required=False),
        suppress_subscription_notifications=Bool(title="No mail", required=False),
    )
    @export_factory_operation(IArchive, [])
    def createPPA(
        distribution=None,
        name=None,
        displayname=None,
        description=None,
        private=False,
        suppress_subscription_notifications=False,
    ):
        """A new PPA."""


IPerson["team_owner"].schema = IPerson


@exported_as_webservice_entry(plural_name="teams")
class ITeam(IPerson):
    """A team. launchpadlib takes everybody for one until it has read them."""


IPerson["admins"].value_type.schema = IPerson
IPerson["super_teams"].value_type.schema = ITeam


@exported_as_webservice_collection(IPerson)
class IPersonSet(ILocated):
    """All people."""

    @collection_default_content()
    def everybody():
        """All people and teams."""


@exported_as_webservice_collection(IArchive)
class IArchiveSet(ILocated):
    """All archives."""

    @collection_default_content()
    def everything():
        """The real one shows nothing here either."""

    @operation_parameters(reference=TextLine(title="Reference", required=True))
    @operation_returns_entry(IArchive)
    @export_read_operation()
    @operation_for_version("devel")
    def getByReference(reference):
        """An archive by `~owner/distribution/name`, null when there is none."""


@exported_as_webservice_collection(IDistribution)
class IDistributionSet(ILocated):
    """All distributions."""

    @collection_default_content()
    def everything():
        """All of them."""


@exported_as_webservice_collection(IProcessor)
class IProcessorSet(ILocated):
    """All processors."""

    @collection_default_content()
    def everything():
        """All of them."""

    @operation_parameters(name=TextLine(title="Name", required=True))
    @operation_returns_entry(IProcessor)
    @export_read_operation()
    @operation_for_version("devel")
    def getByName(name):
        """One of them; 404 when there is none of that name."""
