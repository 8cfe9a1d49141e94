"""A PPA: its settings with who may read and write each, and the questions that can be asked about what is in it.

What happens to packages is elsewhere (publishing, builds, copies); nothing here runs by itself.
"""

# mypy: disallow-subclassing-any=False, disallow-untyped-decorators=False
# (zope and lazr.restful ship no types)

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from zope.interface import implementer

from . import copies, permissions
from .access import (
    ADMIN,
    APPEND,
    DELETE,
    EDIT,
    MODERATE,
    NOBODY,
    SUBSCRIBER_VIEW,
    VIEW,
    Guarded,
    Principal,
    current,
    current_person,
    may_upload,
    on_archive,
    require,
)
from .cache import Cached
from .enums import UNFINISHED_BUILDS, PublishingMethod, RepositoryFormat, UploadStatus
from .errors import BadRequestError
from .interfaces import IArchive
from .listing import Listing
from .openpgp import signing_key
from .searches import Searches
from .summaries import Summaries
from .urls import Located, Step

if TYPE_CHECKING:
    from .builds import BinaryPackageBuild
    from .indexes import Suite
    from .model import PersonLike, WorldLike
    from .people import Distribution, Processor
    from .permissions import Dependency, Permission
    from .publications import PublishingHistory
    from .uploads import PackageUpload

OVERRIDES = ("Label", "Origin", "Snapshots", "Suite")


@implementer(IArchive)
class Archive(Cached, Searches, Summaries, permissions.Permissions, copies.Destination, Located):
    """A PPA of a person or team, or the main archive of a distribution."""

    owner: Guarded[Any] = Guarded()
    name: Guarded[str] = Guarded(ADMIN)
    displayname: Guarded[str] = Guarded(EDIT)
    distribution: Guarded[Any] = Guarded()
    private: Guarded[bool] = Guarded(MODERATE)
    suppress_subscription_notifications: Guarded[bool] = Guarded(EDIT)
    description: Guarded[str | None] = Guarded(EDIT, SUBSCRIBER_VIEW)
    status: Guarded[str] = Guarded(None, SUBSCRIBER_VIEW)
    signing_key_fingerprint: Guarded[str | None] = Guarded(NOBODY, SUBSCRIBER_VIEW)
    require_virtualized: Guarded[bool] = Guarded(ADMIN, VIEW)
    build_debug_symbols: Guarded[bool] = Guarded(EDIT, VIEW)
    publish_debug_symbols: Guarded[bool] = Guarded(EDIT, VIEW)
    permit_obsolete_series_uploads: Guarded[bool] = Guarded(ADMIN, VIEW)
    authorized_size: Guarded[int | None] = Guarded(MODERATE, VIEW)
    external_dependencies: Guarded[str | None] = Guarded(ADMIN, VIEW)
    metadata_overrides: Guarded[Any] = Guarded(EDIT, VIEW)
    publish: Guarded[bool] = Guarded(EDIT, SUBSCRIBER_VIEW)
    publishing_method: Guarded[Any] = Guarded(MODERATE, VIEW)
    repository_format: Guarded[Any] = Guarded(MODERATE, VIEW)
    relative_build_score: Guarded[int] = Guarded(MODERATE, VIEW)

    _status = "Active"
    _private = _suppress_subscription_notifications = False
    _build_debug_symbols = _publish_debug_symbols = _permit_obsolete_series_uploads = False
    _signing_key_fingerprint: str | None = None
    _external_dependencies: str | None = None
    _metadata_overrides: dict[str, str] | None = None
    _require_virtualized, _publish = True, True
    _authorized_size, _relative_build_score = 8192, 0
    _publishing_method, _repository_format = PublishingMethod.LOCAL, RepositoryFormat.DEBIAN
    enabled = True

    def __init__(self, world: WorldLike, owner: PersonLike, distribution: Distribution, name: str) -> None:
        self.world, self._owner, self._distribution, self._name = world, owner, distribution, name
        self._displayname = f"PPA for {owner.display_name}"
        self._description: str | None = None
        self.descriptions: list[dict[str, Any]] = []
        self.sources: list[PublishingHistory] = []
        self.binaries: list[PublishingHistory] = []
        self.builds: list[BinaryPackageBuild] = []
        self.uploads: list[PackageUpload] = []
        self.permissions: list[Permission] = []
        self._dependencies: list[Dependency] = []
        self._processors: list[Processor] = list(world.processors.values())
        self.suites: dict[str, Suite] = {}
        self.passwords: dict[str, str] = {}
        self.snapshots: list[tuple[datetime, dict[str, Suite]]] = []
        self.ever_accepted: dict[tuple[str, str], str] = {}

    def __repr__(self) -> str:
        return "<Archive object>"

    @property
    def is_ppa(self) -> bool:
        """Whether this is a PPA, not the main archive of a distribution."""
        return self._distribution.main_archive is not self

    @property
    def path(self) -> str:
        """The canonical address of the archive, below the service root."""
        if not self.is_ppa:
            return f"{self._distribution.name}/+archive/primary"
        return f"{self._owner.path}/+archive/{self._distribution.name}/{self._name}"

    @property
    def reference(self) -> str:
        """The archive's reference, as people write it."""
        return f"{self._owner.path}/{self._distribution.name}/{self._name}" if self.is_ppa else self._distribution.name

    @property
    def open_to_all(self) -> bool:
        """Whether everybody may see what is in the archive."""
        return self.enabled and not self._private

    def permits(self, permission: str, caller: Principal) -> bool:
        """Whether the caller has that permission on the archive."""
        return on_archive(self, permission, caller)

    def named_to(self, person: PersonLike | None) -> bool:
        """Whether a person may know that the archive exists: only private ones are hidden."""
        return not self._private or (person is not None and (person.is_admin or may_upload(self, person)))

    def get(self, request: Any, name: str) -> Any:
        """What is below the archive: publications, builds, rights, dependencies."""
        if name == "+upload":
            form = request.form
            return Step(lambda who: self.find_permission(who, form.get("type"), form.get("item")))
        things: dict[str, list[Any]] = {
            "+sourcepub": self.sources,
            "+binarypub": self.binaries,
            "+build": self.builds,
            "+dependency": self._dependencies,
        }
        if name not in things:
            return None
        return Step(lambda number: next((t for t in things[name] if str(t.id) == number), None))

    # settings that are more than a value

    def describe(self, text: str | None) -> None:
        """Write the description and keep the write in the history, with what was in the archive at that moment."""
        caller = current()
        self._description = text
        self.descriptions.append(
            {
                "at": self.world.now().isoformat(),
                "by": caller.person.name if caller and caller.person else None,
                "description": text,
                "request": caller.request if caller else None,
                **self._at_this_moment(),
            }
        )

    def _at_this_moment(self) -> dict[str, Any]:
        """What there is, or is known to be coming; a copy that was asked for and a build that ended are no longer or
        not yet known to anybody."""
        publications = [*self.sources, *self.binaries]
        accepted = sum(upload.status is UploadStatus.ACCEPTED for upload in self.uploads)
        return {
            "active": sum(publication.active for publication in publications),
            "coming": accepted + sum(build.buildstate in UNFINISHED_BUILDS for build in self.builds),
            "indexed": sum(len(suite.published) for suite in self.suites.values()),
            "on_disk": sum(publication._date_removed is None for publication in publications),
            "uploaders": [person.name for person in self.main_uploaders()],
        }

    def _set_description(self, text: str | None) -> None:
        if text is not None:
            if "\0" in text:
                raise ValueError("A string literal cannot contain NUL (0x00) characters.")
            text.encode()  # a lone surrogate is an error of the server, as in Launchpad
        self.describe(text)

    def _set_displayname(self, text: str) -> None:
        self._displayname = text.strip()

    def _set_private(self, value: bool) -> None:
        if value != self._private and self.sources:
            raise BadRequestError(
                "This archive has had sources published and therefore cannot have its privacy switched."
            )
        self._private = value

    def _set_publish(self, value: bool) -> None:
        if value and self._status != "Active":
            raise BadRequestError("Deleted PPAs can't be enabled.")
        self._publish = value

    def _set_name(self, value: str) -> None:
        raise AssertionError("Can't rename live PPAs.")

    def _set_metadata_overrides(self, value: Any) -> None:
        for key, text in value.items():
            if key not in OVERRIDES:
                raise BadRequestError(f"Invalid metadata override key. Allowed keys are {set(OVERRIDES)}.")
            if not isinstance(text, str) or not text:
                raise BadRequestError(f"Value for '{key}' must be a non-empty string.")
        self._metadata_overrides = value
        self.world.after_request.append(self._store_overrides)

    def _store_overrides(self) -> None:
        """The database keeps keys shortest first: the answer to a write does not show that yet."""
        value = self._metadata_overrides or {}
        self._metadata_overrides = {key: value[key] for key in sorted(value, key=lambda k: (len(k), k))}

    @property
    def processors(self) -> Listing:
        """The processors that builds are made for."""
        return Listing(sorted(self._processors, key=lambda p: p.name))

    @property
    def enabled_restricted_processors(self) -> Listing:
        """The restricted ones of the archive's processors."""
        return Listing([p for p in self._processors if p.restricted])

    def getSigningKeyData(self) -> str | None:
        """The public key that the indexes are signed with, as text; null while the owner has none."""
        return signing_key(self._owner.name).armored if self._owner.has_key else None

    def setProcessors(self, processors: list[Processor]) -> None:
        """Set the processors; requires membership, not a token that may write."""
        person = current_person()
        if current() is not None and (person is None or not (person.is_admin or person.within(self._owner))):
            require(self, "setProcessors", NOBODY)
        self._processors = list(processors)

    def lp_delete(self) -> None:
        """Delete the archive, for good once the publisher has run; 400 the second time."""
        require(self, "delete", DELETE)
        if self._status != "Active":
            raise BadRequestError("Archive already deleted.")
        self._status, self.enabled = "Deleting", False

    def require_append(self, name: str) -> None:
        """Raise 401 unless the caller may put something in or take something out."""
        require(self, name, APPEND)
