"""The shape of the configuration file: its sections, their options and what each accepts; not what a pool's mean.

Rule: one option is judged by itself; what only shows when several are seen together is for `checks`.  The texts below
the options are their descriptions in the JSON schema.  A pool's options begin in `ppa_assigner.options`, which has
their defaults; those of other sections are here, with theirs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, PlainSerializer, WrapValidator

from ..options import Grow, PoolOptions, Proof, Wear
from ..selectors import NAME_CHARACTERS
from ..times import MINUTE
from . import addresses, parsers
from .client_schema import ClientSection
from .forms import OrText, Parsed, form, member, text, unless_wrong
from .parsers import WRONG
from .patterns import Pattern, parse_dependency, parse_pattern
from .section import Empty, EmptyList, Many, PathText, PpaGlobs, Section
from .settings import RATE, SOCKET_MODE, Listen

EXTENSION_PREFIX = "x-"
"""How keys at the top begin that are the author's own."""
_POOL = PoolOptions()
_GROW = Grow((), 0, 0)
_DURATION: dict[str, Any] = {
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? ?(ms|s|m|h|d)?$"},
    ]
}


def _listed(value: object, read: Callable[[object], object]) -> object:
    """An item of a list of PPAs: a text, or a section that says more of the PPAs."""
    if value is WRONG or isinstance(value, dict):
        return unless_wrong(value, read)
    return PpaSection.model_construct(ppa=parse_pattern(parsers.plain_text(value)))


def _not_empty(items: list[PpaSection]) -> list[PpaSection]:
    if not items:
        raise ValueError('the list is empty; list at least one PPA, like "~owner/ubuntu/pool-{001..020}"')
    return items


def _at_least_one_pool(pools: dict[str, PoolSection]) -> dict[str, PoolSection]:
    if not pools:
        raise ValueError("it has no pool; write at least one, like default: {ppas: [...]}")
    return pools


def _no_repeats(items: list[str]) -> list[str]:
    counts = Counter(item for item in items if item is not WRONG)
    if twice := next((item for item, count in counts.items() if count > 1), None):
        raise ValueError(f"{parsers.quote_value(twice)} stands twice in the list; name it once")
    return items


Once = AfterValidator(_no_repeats)
Value = Annotated[str, text(parsers.label_value, maxLength=NAME_CHARACTERS)]
Labels = Annotated[dict[str, Value], Empty]  # `checks` looks at the keys
Positive = Annotated[float, Parsed(parsers.positive, **_DURATION)]
Timeout = Annotated[float, Parsed(parsers.timeout, **_DURATION)]
Duration = Annotated[float, Parsed(parsers.seconds, **_DURATION)]
Whole = Annotated[float, Parsed(parsers.whole_seconds, **_DURATION)]
Ppas = Annotated[list[Annotated[Pattern, text(parse_pattern)]], EmptyList]
Person = Annotated[str, form("~[a-z0-9][a-z0-9+.-]*", "person or team of Launchpad; write ~name")]
Processor = Annotated[str, form("[a-z0-9][a-z0-9+.-]*", "processor of Launchpad; write a name like amd64")]
Dependency = Annotated[str, text(parse_dependency)]
DisplayName = Annotated[str, text(parsers.single_line)]
PoolName = Annotated[str, Parsed(str, pattern="^[A-Za-z0-9._-]{1,64}$")]  # `checks` looks at it
DaemonName = Annotated[str, form("[A-Za-z0-9._-]{1,253}", "name for a daemon; use letters, digits, '.', '_' or '-'")]
Address = Annotated[Listen, Parsed(addresses.parse_listen), PlainSerializer(str)]
Service = Annotated[str, text(addresses.parse_service)]
ArchiveRoot = Annotated[str, text(addresses.parse_archive_root)]
Snapshots = Annotated[str, text(addresses.parse_snapshots, pattern="^https?://")]
_MODE = [{"type": "string", "pattern": "^0?[0-7]{3}$"}, {"type": "integer", "maximum": 777}]
FileMode = Annotated[int, Parsed(parsers.file_mode, anyOf=_MODE), PlainSerializer(lambda mode: f"{mode:o}")]
GroupName = Annotated[str, form("[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}", "name of a group of this host")]
Amount = Annotated[int, Parsed(parsers.amount, anyOf=[{"type": "integer", "minimum": 1, "maximum": 10_000}])]
OfProof = Annotated[Proof, member(Proof)]
OfWear = Annotated[Wear, member(Wear)]


class PpaSection(Section):
    """An item of a list that says more of its PPAs."""

    ppa: Annotated[Pattern, text(parse_pattern)]
    """The PPA, or PPAs that differ in numbers."""
    labels: Labels = {}
    """Labels of these PPAs, in place of the pool's where a key is the same."""


SomePpas = Annotated[
    list[Annotated[PpaSection, WrapValidator(_listed), OrText()]],
    EmptyList,
    AfterValidator(_not_empty),
]


class RetrySection(Section):
    """Back-off between tries of a failing clean."""

    first: Positive = _POOL.retry.first
    """Wait after the first failure; doubled with each further one."""
    max: Positive = _POOL.retry.max
    """The longest wait."""


class BaselineSection(Section):
    """What a PPA looks like between leases; null or absent: left alone."""

    dependencies: Annotated[list[Dependency], Once] | None = None
    """PPAs and archives that builds use."""
    processors: Annotated[list[Processor], Once] | None = None
    """Processors that builds are for."""
    publish: bool | None = None
    """Whether what is built is published."""
    build_debug_symbols: bool | None = None
    """Whether debug symbols are built."""
    publish_debug_symbols: bool | None = None
    """Whether debug symbols are published."""
    displayname: DisplayName | None = None
    """The PPA's title."""
    uploaders: Annotated[list[Person], Once] | None = None
    """Who may upload besides the PPA's owner; everybody else's right is taken away."""


class AsNewSection(Section):
    """When a PPA is discarded in place of being lent again, so that whoever comes next gets one that is as new."""

    after: int | None = Field(default=_POOL.as_new.after, ge=1, le=1_000_000)
    """After how many leases; null: never."""
    when: Annotated[list[OfWear], EmptyList, Once] = []
    """burnt: a request finds that all PPAs of a growing pool had what it is to upload.  stuck: cleaning fails again and
    again, and another PPA of the pool was cleaned within the hour."""


class GrowSection(Section):
    """How a pool grows by itself: with the next name that was never used."""

    names: Annotated[Pattern, text(parse_pattern)]
    """The names of its PPAs, like ~owner/ubuntu/name-{001..999}; each is used once."""
    keep_free: int = Field(default=1, ge=0, le=10_000)
    """How many PPAs are to be free or being cleaned."""
    max: Amount
    """How many PPAs of the pool may be lent, or be free or cleaned, at a time."""
    per_hour: int = Field(default=_GROW.per_hour, ge=1, le=1000)
    """How many PPAs are created within an hour, at the most, by each daemon."""


class OrderSection(Section):
    """What moves a request in the line of a pool."""

    age_step: Duration = _POOL.order.age_step
    """How much waiting each step of priority is worth."""
    fair_step: Duration = _POOL.order.fair_step
    """How much later a request is served for each PPA that its client and owner have or wait for."""


class PoolSection(Section):
    """A named list of PPAs, and what holds for each of them."""

    model_config = ConfigDict(json_schema_extra={"anyOf": [{"required": ["ppas"]}, {"required": ["grow"]}]})

    ppas: SomePpas = Field(default=[], validate_default=False)
    """The PPAs, like ~owner/ubuntu/name or ppa:owner/name; {001..020} stands for numbers.  An item with labels of its
    own: {ppa: ..., labels: {...}}.  Needed without grow."""
    labels: Labels = {}
    """Labels that all of them have, by which requests may choose; keys and values as Kubernetes has them."""
    ttl: Whole = _POOL.ttl
    """How long a lease lasts when its owner does not say."""
    max_ttl: Whole = _POOL.max_ttl
    """How long a lease may last in all, with every extension."""
    max_hold: Duration = _POOL.max_hold
    """How much an operator may add to a lease, once."""
    idle: Whole | None = _POOL.idle
    """Silence that ends a lease, after a margin, when its owner does not say; null: none."""
    verify_age: Duration | None = _POOL.verify_age
    """How old a look that found a free PPA empty may be; 0: look each time; null: never look again."""
    settle: Positive = _POOL.settle
    """How long a PPA must be seen empty and quiet before it is free."""
    proof: OfProof = _POOL.proof
    """What clean means: nothing active, or also gone from the indexes, or also from the disk."""
    max_tries: int = Field(default=_POOL.max_tries, ge=1, le=1000)
    """Failed tries of a clean before the PPA is quarantined."""
    retry: Annotated[RetrySection, Empty] = RetrySection()
    baseline: Annotated[BaselineSection, Empty] = BaselineSection()
    grant_upload: bool = _POOL.grant_upload
    """Whether a lease may give its owner's uploader the right to upload."""
    create: bool = _POOL.create
    """Whether PPAs that are listed and do not exist are created."""
    removal_comment: bool = _POOL.removal_comment
    """Whether each deletion's comment, which stays on Launchpad for ever, names the lease and its owner."""
    grow: GrowSection | None = None
    """How the pool grows by itself; null: not at all."""
    as_new: Annotated[AsNewSection, Empty] = AsNewSection()
    delete_discarded: Positive | None = _POOL.delete_discarded
    """How long after it was discarded a PPA is deleted on Launchpad, for good; null: never."""
    order: Annotated[OrderSection, Empty] = OrderSection()
    max_per_owner: Many | None = _POOL.max_per_owner
    """How many PPAs of the pool a client may have for one owner; null: as many as there are."""


class TimeoutSection(Section):
    """Deadlines of one request to Launchpad."""

    connect: Timeout = 5.0
    """Until connected."""
    read: Timeout = 30.0
    """Between two pieces of an answer."""
    total: Timeout = 60.0
    """In all; also the deadline of an API call."""


class LaunchpadSection(Section):
    """Which Launchpad, and how patiently."""

    service: Service = addresses.SERVICES["production"]
    """production, staging, qastaging, or the address of a web service root without the version."""
    version: Annotated[str, Parsed(parsers.version, const="devel")] = "devel"
    """The version of the web service."""
    credentials: PathText | None = None
    """The file that `ppa-assigner login` wrote; relative to this file's folder.  null: systemd's `launchpad`."""
    look_every: Positive = 60.0
    """Time between looks at all PPAs."""
    clock_alone_after: Positive = 15 * MINUTE
    """How long Launchpad's clock must go on steadily to be believed where this host's own disagrees."""
    timeout: Annotated[TimeoutSection, Empty] = TimeoutSection()
    connections: int = Field(default=16, ge=2, le=256)
    """Connections to Launchpad at a time; some of them are kept for assigning, and some more follow uploads."""
    archive_root: ArchiveRoot | None = None
    """Where apt finds the PPAs, for `proof: index`; null: Launchpad's own host, or below another service's address."""
    snapshots: Snapshots | None = addresses.SNAPSHOTS
    """Where what a lease had stays readable, with {owner}, {name} and {at} in it; null: nowhere, as where the service
    is not production and this is not said."""


class SocketSection(Section):
    """Who may connect to a Unix socket, by the permissions of its file."""

    mode: FileMode = SOCKET_MODE
    """Three octal digits."""
    group: GroupName | None = None
    """The group of the file; null: the daemon's own."""


class TlsSection(Section):
    """HTTPS on an address; both files are read again with the configuration."""

    certificate: PathText | None = None
    """File with the certificate and what it is signed by (PEM); relative to this file's folder.  null: plain HTTP."""
    key: PathText | None = None
    """File with its private key (PEM)."""


class ApiSection(Section):
    """Where the API listens and who may call it."""

    listen: Address = Field(default="127.0.0.1:8020", validate_default=True)
    """HOST:PORT, [IPv6]:PORT or unix:/path."""
    clients: Annotated[list[Annotated[ClientSection, WrapValidator(unless_wrong)]], EmptyList] = []
    """Who may call the API.  Without any, it can only listen on this host, and everybody is operator."""
    socket: Annotated[SocketSection, Empty] = SocketSection()
    tls: Annotated[TlsSection, Empty] = TlsSection()
    promote_to: PpaGlobs = []
    """The same for everybody, where there are no clients."""
    rate: int = Field(default=RATE, ge=1, le=1_000_000)
    """Requests a second that each client may keep up; twenty times as many may come at once."""


class ConfigFile(Section):
    """The configuration of ppa-assigner."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [{"required": ["ppas"]}, {"required": ["pools"]}],
            "patternProperties": {
                f"^{EXTENSION_PREFIX}": {"description": "Your own: a place for YAML's anchors; not read."}
            },
        }
    )

    ppas: SomePpas = []
    """Short form: the PPAs of one pool called default."""
    pools: Annotated[
        dict[PoolName, Annotated[PoolSection, Empty]],
        Empty,
        AfterValidator(_at_least_one_pool),
        Field(json_schema_extra={"additionalProperties": False}),  # than those with such names
    ] = {}
    """Pools by name."""
    retire: Ppas = []
    """PPAs that are served to the end of their lease and clean, and lent no more."""
    launchpad: Annotated[LaunchpadSection, Empty] = LaunchpadSection()
    api: Annotated[ApiSection, Empty] = ApiSection()
    name: DaemonName | None = None
    """This daemon's, another for each that serves the same PPAs; null: the host's name."""
