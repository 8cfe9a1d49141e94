"""The interfaces of the web service, tied together: what refers to something declared in another module learns it here.

Import interfaces from here, so that they are whole.
"""

# mypy: disable-error-code="misc"
# (zope ships no types: an interface can be asked for its fields by index)

from lazr.restful.declarations import LAZR_WEBSERVICE_EXPORTED

from .archive_interface import (
    IArchive,
    IArchiveDependency,
    IArchivePermission,
    IArchiveSubscriber,
    ISnapBase,
    valid_name,
)
from .package_interface import (
    IBinaryPackagePublishingHistory,
    IBuild,
    IBuilder,
    IPackageUpload,
    IPublication,
    ISourcePackagePublishingHistory,
)
from .people_interface import (
    IArchiveSet,
    IDistribution,
    IDistributionSet,
    IDistroArchSeries,
    IDistroSeries,
    IPerson,
    IPersonSet,
    IProcessor,
    IProcessorSet,
    ITeam,
)

__all__ = [
    "IArchive",
    "IArchiveDependency",
    "IArchivePermission",
    "IArchiveSet",
    "IArchiveSubscriber",
    "IBinaryPackagePublishingHistory",
    "IBuild",
    "IBuilder",
    "IDistribution",
    "IDistributionSet",
    "IDistroArchSeries",
    "IDistroSeries",
    "IPackageUpload",
    "IPerson",
    "IPersonSet",
    "IProcessor",
    "IProcessorSet",
    "ISnapBase",
    "ISourcePackagePublishingHistory",
    "ITeam",
    "valid_name",
]


_FIELDS = {
    IArchive: {"owner": IPerson, "distribution": IDistribution},
    IArchivePermission: {"person": IPerson},
    IArchiveSubscriber: {"subscriber": IPerson},
    IPublication: {"creator": IPerson, "removed_by": IPerson},
    IPackageUpload: {"distroseries": IDistroSeries},
    IBuild: {
        "distribution": IDistribution,
    },
    IBinaryPackagePublishingHistory: {"distro_arch_series": IDistroArchSeries},
    ISourcePackagePublishingHistory: {
        "distro_series": IDistroSeries,
        "package_creator": IPerson,
        "package_maintainer": IPerson,
        "package_signer": IPerson,
        "sponsor": IPerson,
    },
}
_PARAMETERS = {
    "person": IPerson,
    "subscriber": IPerson,
    "distroseries": IDistroSeries,
    "distro_series": IDistroSeries,
    "distro_arch_series": IDistroArchSeries,
    "from_archive": IArchive,
    "dependency": IArchive,
}

for _interface, _fields in _FIELDS.items():
    for _name, _schema in _fields.items():
        _interface[_name].schema = _schema

for _name in ("processors", "enabled_restricted_processors"):
    IArchive[_name].value_type.schema = IProcessor

for _name in IArchive.names():
    _export = IArchive[_name].queryTaggedValue(LAZR_WEBSERVICE_EXPORTED) or {}
    _versions = [_values for _, _values in getattr(_export, "stack", [])]
    for _params in [_values.get("params", {}) for _values in _versions]:
        for _parameter, _field in _params.items():
            if _parameter in _PARAMETERS:
                _field.schema = _PARAMETERS[_parameter]
            elif _parameter == "processors":
                _field.value_type.schema = IProcessor
