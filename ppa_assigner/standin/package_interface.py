"""What the web service shows of publications, builds and uploads: a part of the real interface, nothing of its own.

Declarations only. Names, parameters and writability are Launchpad's; a test holds them to its service descriptions.
"""

# mypy: disable-error-code="misc", disallow-subclassing-any=False
# mypy: disallow-untyped-decorators=False, disallow-untyped-defs=False
# (zope and lazr.restful ship no types; an interface has no code to check)

from lazr.restful.declarations import (
    export_read_operation,
    export_write_operation,
    exported,
    exported_as_webservice_entry,
    operation_for_version,
    operation_parameters,
    operation_returns_collection_of,
)
from lazr.restful.fields import Reference
from zope.interface import Interface
from zope.schema import Bool, Choice, Datetime, Int, Text, TextLine, Timedelta

from .enums import BuildState, Pocket, PublishingStatus, UploadStatus
from .urls import ILocated


class IPublication(ILocated):
    """What sources and binaries have in common."""

    display_name = exported(TextLine(title="Display name"))
    component_name = exported(TextLine(title="Component", readonly=True))
    section_name = exported(TextLine(title="Section", readonly=True))
    status = exported(Choice(title="Status", vocabulary=PublishingStatus))
    pocket = exported(Choice(title="Pocket", vocabulary=Pocket, readonly=True))
    archive = exported(Reference(title="Archive", schema=Interface, readonly=True))
    copied_from_archive = exported(Reference(title="Copied from", schema=Interface, readonly=True), as_of="devel")
    creator = exported(Reference(title="Creator", schema=Interface, readonly=True))
    date_created = exported(Datetime(title="Created"))
    date_published = exported(Datetime(title="Published"))
    date_made_pending = exported(Datetime(title="Left the indexes"))
    date_superseded = exported(Datetime(title="Superseded or deleted"))
    scheduled_deletion_date = exported(Datetime(title="May be removed"))
    date_removed = exported(Datetime(title="Removed from disk"))
    removed_by = exported(Reference(title="Deleted by", schema=Interface))
    removal_comment = exported(Text(title="Why"))

    @operation_parameters(removal_comment=TextLine(title="Why", required=False))
    @export_write_operation()
    def requestDeletion(removal_comment=None):
        """Delete this publication."""


@exported_as_webservice_entry(publish_web_link=False, plural_name="binary_package_publishing_histories")
class IBinaryPackagePublishingHistory(IPublication):
    """A binary package in a series, for an architecture."""

    binary_package_name = exported(TextLine(title="Name", readonly=True))
    binary_package_version = exported(TextLine(title="Version", readonly=True))
    source_package_name = exported(TextLine(title="Source", readonly=True), as_of="devel")
    source_package_version = exported(TextLine(title="Version of the source", readonly=True), as_of="devel")
    architecture_specific = exported(Bool(title="For one architecture only", readonly=True))
    is_debug = exported(Bool(title="Debug symbols", readonly=True), as_of="devel")
    priority_name = exported(TextLine(title="Priority", readonly=True))
    phased_update_percentage = exported(Int(title="Phasing", readonly=True))
    distro_arch_series = exported(Reference(title="Series and architecture", schema=Interface))
    build = exported(Reference(title="Build", schema=Interface, readonly=True), as_of="devel")

    @operation_parameters(include_meta=Bool(title="With sizes and hashes", required=False))
    @export_read_operation()
    @operation_for_version("devel")
    def binaryFileUrls(include_meta=False):
        """Addresses of its files."""


@exported_as_webservice_entry(publish_web_link=False)
class IPackageUpload(ILocated):
    """An upload in the queue of a series."""

    id = exported(Int(title="Number", readonly=True))
    status = exported(Choice(title="Status", vocabulary=UploadStatus, readonly=True))
    distroseries = exported(Reference(title="Series", schema=Interface))
    pocket = exported(Choice(title="Pocket", vocabulary=Pocket))
    date_created = exported(Datetime(title="Since"))
    archive = exported(Reference(title="Archive", schema=Interface, readonly=True))
    display_name = exported(TextLine(title="Name", readonly=True), exported_as="display_name")
    display_version = exported(TextLine(title="Version", readonly=True))
    display_arches = exported(TextLine(title="Architectures", readonly=True))
    package_name = exported(TextLine(title="Source", readonly=True), as_of="devel")
    package_version = exported(TextLine(title="Version", readonly=True), as_of="devel")
    component_name = exported(TextLine(title="Component", readonly=True), as_of="devel")
    section_name = exported(TextLine(title="Section", readonly=True), as_of="devel")
    contains_source = exported(Bool(title="A source", readonly=True), as_of="devel")
    contains_build = exported(Bool(title="Binaries", readonly=True), as_of="devel")
    contains_copy = exported(Bool(title="A copy", readonly=True), as_of="devel")
    changes_file_url = exported(TextLine(title="Changes file", readonly=True), as_of="devel")

    @export_write_operation()
    @operation_for_version("devel")
    def acceptFromQueue():
        """For those who tend the queue."""

    @operation_parameters(comment=TextLine(title="Why", required=False))
    @export_write_operation()
    @operation_for_version("devel")
    def rejectFromQueue(comment=None):
        """For those who tend the queue."""


@exported_as_webservice_entry(plural_name="builders")
class IBuilder(ILocated):
    """A machine that builds: there is none here, fields only refer to it."""

    name = exported(TextLine(title="Name"))


@exported_as_webservice_entry(plural_name="builds")
class IBuild(ILocated):
    """A build of a source for an architecture."""

    title = exported(TextLine(title="Title"))
    arch_tag = exported(TextLine(title="Architecture"))
    buildstate = exported(Choice(title="State", vocabulary=BuildState))
    pocket = exported(Choice(title="Pocket", vocabulary=Pocket))
    archive = exported(Reference(title="Archive", schema=Interface, readonly=True))
    distribution = exported(Reference(title="Distribution", schema=Interface))
    source_package_name = exported(TextLine(title="Source", readonly=True))
    source_package_version = exported(TextLine(title="Version", readonly=True), as_of="devel")
    current_source_publication = exported(Reference(title="Its source", schema=Interface, readonly=True))
    score = exported(Int(title="Score", readonly=True), as_of="devel")
    dependencies = exported(TextLine(title="Waits for"))
    external_dependencies = exported(Text(title="External dependencies"), as_of="devel")
    can_be_cancelled = exported(Bool(title="May be cancelled", readonly=True))
    can_be_rescored = exported(Bool(title="May be rescored", readonly=True))
    can_be_retried = exported(Bool(title="May be retried", readonly=True))
    datecreated = exported(Datetime(title="Created", readonly=True))
    date_started = exported(Datetime(title="Started", readonly=True), as_of="devel")
    date_first_dispatched = exported(Datetime(title="First dispatched", readonly=True))
    datebuilt = exported(Datetime(title="Ended", readonly=True))
    duration = exported(Timedelta(title="Took", readonly=True), as_of="devel")
    builder = exported(Reference(title="Builder", schema=IBuilder, readonly=True), as_of="devel")
    build_log_url = exported(TextLine(title="Log"))
    upload_log_url = exported(TextLine(title="Log of the upload"))
    changesfile_url = exported(TextLine(title="Changes file", readonly=True))
    buildinfo_url = exported(TextLine(title="Build information", readonly=True), as_of="devel")

    @operation_parameters(score=Int(title="Score", required=True))
    @export_write_operation()
    def rescore(score):
        """For those who tend the builders."""

    @export_write_operation()
    def retry():
        """Build again."""

    @export_write_operation()
    @operation_for_version("devel")
    def cancel():
        """Build no more."""


@exported_as_webservice_entry(publish_web_link=False, plural_name="source_package_publishing_histories")
class ISourcePackagePublishingHistory(IPublication):
    """A source package in a series."""

    source_package_name = exported(TextLine(title="Name", readonly=True))
    source_package_version = exported(TextLine(title="Version", readonly=True))
    distro_series = exported(Reference(title="Series", schema=Interface))
    package_creator = exported(Reference(title="Changed by", schema=Interface, readonly=True))
    package_maintainer = exported(Reference(title="Maintainer", schema=Interface, readonly=True))
    package_signer = exported(Reference(title="Signer", schema=Interface, readonly=True))
    sponsor = exported(Reference(title="Sponsor", schema=Interface, readonly=True), as_of="devel")
    packageupload = exported(Reference(title="Upload", schema=IPackageUpload, readonly=True), as_of="devel")

    @operation_parameters(active_binaries_only=Bool(title="Active ones", required=False))
    @operation_returns_collection_of(IBinaryPackagePublishingHistory)
    @export_read_operation()
    def getPublishedBinaries(active_binaries_only=True):
        """Its binaries."""

    @operation_returns_collection_of(IBuild)
    @export_read_operation()
    def getBuilds():
        """Its builds."""

    @operation_parameters(include_meta=Bool(title="With sizes and hashes", required=False))
    @export_read_operation()
    def sourceFileUrls(include_meta=False):
        """Addresses of its files."""

    @export_read_operation()
    def binaryFileUrls():
        """Addresses of its binaries' files."""


IBuild["current_source_publication"].schema = ISourcePackagePublishingHistory
IBinaryPackagePublishingHistory["build"].schema = IBuild
