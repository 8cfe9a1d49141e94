"""The shape of the configuration file: its sections, their options, what each accepts and what it is by default.

Rule: one option is judged by itself; what only shows when several are seen together is for `checks`.  The texts below
the options are their descriptions in the JSON schema.
"""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    WithJsonSchema,
)

from ..access import ClientConfig, Role
from ..options import Baseline, PoolOptions, Proof, Retry
from ..times import MINUTE
from . import addresses, parsers, patterns
from .settings import RATE, SOCKET_MODE, Listen

EXTENSION_PREFIX = "x-"
"""How keys at the top begin that are the author's own."""
_POOL = PoolOptions()
_TEXT: dict[str, Any] = {"type": "string"}
_DURATION: dict[str, Any] = {
    "anyOf": [
        {"type": "number", "minimum": 0},
        {"type": "string", "pattern": "^[0-9]+(\\.[0-9]+)? ?(ms|s|m|h|d)?$"},
    ]
}


def _choice(kind: type[Role] | type[Proof]) -> WithJsonSchema:
    return WithJsonSchema({"enum": [member.value for member in kind]})


def _empty_section(value: object) -> object:
    """An empty section for null: all its lines may be comments."""
    return {} if value is None else value


def _empty_list(value: object) -> object:
    return [] if value is None else value


def _not_empty(items: list[str]) -> list[str]:
    if not items:
        raise ValueError('the list is empty; list at least one PPA, like "~owner/ubuntu/pool-{001..020}"')
    return items


def _at_least_one_pool(pools: dict[str, PoolSection]) -> dict[str, PoolSection]:
    if not pools:
        raise ValueError("it has no pool; write at least one, like default: {ppas: [...]}")
    return pools


def _no_repeats(items: list[str]) -> list[str]:
    if twice := next((item for item, count in Counter(items).items() if count > 1), None):
        raise ValueError(f"{parsers.quote_value(twice)} stands twice in the list; name it once")
    return items


def _pattern(value: object) -> str:
    patterns.parse_pattern(value)
    return str(value)


Empty = BeforeValidator(_empty_section)
Positive = Annotated[float, PlainValidator(parsers.positive), WithJsonSchema(_DURATION)]
Timeout = Annotated[float, PlainValidator(parsers.timeout), WithJsonSchema(_DURATION)]
Duration = Annotated[float, PlainValidator(parsers.seconds), WithJsonSchema(_DURATION)]
Whole = Annotated[float, PlainValidator(parsers.whole_seconds), WithJsonSchema(_DURATION)]
PpaPattern = Annotated[str, PlainValidator(_pattern), WithJsonSchema(_TEXT)]
Person = Annotated[
    str, PlainValidator(parsers.person_name), WithJsonSchema({**_TEXT, "pattern": "^~[a-z0-9][a-z0-9+.-]*$"})
]
Processor = Annotated[str, PlainValidator(parsers.processor_name), WithJsonSchema(_TEXT)]
Dependency = Annotated[str, PlainValidator(patterns.parse_dependency), WithJsonSchema(_TEXT)]
DisplayName = Annotated[str, PlainValidator(parsers.single_line), WithJsonSchema(_TEXT)]
PoolName = Annotated[
    str, PlainValidator(parsers.pool_name), WithJsonSchema({**_TEXT, "pattern": "^[A-Za-z0-9._-]{1,64}$"})
]
ClientName = Annotated[
    str, PlainValidator(parsers.client_name), WithJsonSchema({**_TEXT, "minLength": 1, "maxLength": 128})
]
Digest = Annotated[str, PlainValidator(parsers.sha256), WithJsonSchema({**_TEXT, "pattern": "^[0-9A-Fa-f]{64}$"})]
Address = Annotated[Listen, PlainValidator(addresses.parse_listen), PlainSerializer(str), WithJsonSchema(_TEXT)]
FileMode = Annotated[
    int,
    PlainValidator(parsers.file_mode),
    PlainSerializer(lambda mode: f"{mode:o}"),
    WithJsonSchema({"anyOf": [{**_TEXT, "pattern": "^0?[0-7]{3}$"}, {"type": "integer", "maximum": 777}]}),
]
GroupName = Annotated[str, PlainValidator(parsers.group_name), WithJsonSchema(_TEXT)]
PathText = Annotated[str, PlainValidator(parsers.plain_text), WithJsonSchema(_TEXT)]
Glob = Annotated[str, PlainValidator(parsers.glob_pattern), WithJsonSchema({**_TEXT, "minLength": 1, "maxLength": 256})]

PpaGlob = Annotated[
    str, PlainValidator(parsers.ppa_glob), WithJsonSchema({**_TEXT, "pattern": r"^[~*?\[]", "maxLength": 256})
]


class Section(BaseModel):
    """What all sections have in common: nothing unknown, nothing converted, nothing changed later."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, use_attribute_docstrings=True)


class RetrySection(Section):
    """Back-off between tries of a failing clean."""

    first: Positive = _POOL.retry.first
    """Wait after the first failure; doubled with each further one."""
    max: Positive = _POOL.retry.max
    """The longest wait."""


class BaselineSection(Section):
    """What a PPA looks like between leases; null or absent: left alone."""

    dependencies: Annotated[list[Dependency], AfterValidator(_no_repeats)] | None = None
    """PPAs and archives that builds use."""
    processors: Annotated[list[Processor], AfterValidator(_no_repeats)] | None = None
    """Processors that builds are for."""
    publish: bool | None = None
    """Whether what is built is published."""
    build_debug_symbols: bool | None = None
    """Whether debug symbols are built."""
    publish_debug_symbols: bool | None = None
    """Whether debug symbols are published."""
    displayname: DisplayName | None = None
    """The PPA's title."""
    uploaders: Annotated[list[Person], AfterValidator(_no_repeats)] | None = None
    """Who may upload besides the PPA's owner; everybody else's right is taken away."""

    def baseline(self) -> Baseline:
        """The baseline as the automaton reads it."""
        lists = ("dependencies", "processors", "uploaders")
        given = {name: tuple(items) for name in lists if (items := getattr(self, name)) is not None}
        return Baseline(**{**self.model_dump(exclude=set(lists)), **given})


class PoolSection(Section):
    """A named list of PPAs, and what holds for each of them."""

    ppas: Annotated[list[PpaPattern], BeforeValidator(_empty_list), AfterValidator(_not_empty)]
    """The PPAs, like ~owner/ubuntu/name or ppa:owner/name; {001..020} stands for numbers."""
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
    proof: Annotated[Proof, PlainValidator(parsers.enum_member(Proof)), _choice(Proof)] = _POOL.proof
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

    def options(self) -> PoolOptions:
        """The options as the automaton reads them."""
        plain = self.model_dump(exclude={"ppas", "retry", "baseline"})
        return PoolOptions(
            **plain, retry=Retry(first=self.retry.first, max=self.retry.max), baseline=self.baseline.baseline()
        )


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

    service: Annotated[str, PlainValidator(addresses.parse_service), WithJsonSchema(_TEXT)] = addresses.SERVICES[
        "production"
    ]
    """production, staging, qastaging, or the address of a web service root without the version."""
    version: Annotated[str, PlainValidator(parsers.version), WithJsonSchema({"const": "devel"})] = "devel"
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
    archive_root: Annotated[str, PlainValidator(addresses.parse_archive_root), WithJsonSchema(_TEXT)] | None = None
    """Where apt finds the PPAs, for `proof: index`; null: Launchpad's own host, or below another service's address."""
    snapshots: (
        Annotated[str, PlainValidator(addresses.parse_snapshots), WithJsonSchema({**_TEXT, "pattern": "^https?://"})]
        | None
    ) = addresses.SNAPSHOTS
    """Where what a lease had stays readable, with {owner}, {name} and {at} in it; null: nowhere, as where the service
    is not production and this is not said."""


class ClientSection(Section):
    """Who may call the API."""

    name: ClientName
    """What the record calls the client."""
    token_sha256: Digest
    """The SHA-256 of its token, as `ppa-assigner token` prints it."""
    role: Annotated[Role, PlainValidator(parsers.enum_member(Role)), _choice(Role)] = Role.CLIENT
    """An operator may act on every PPA."""
    owners: Annotated[list[Glob], BeforeValidator(_empty_list)] = []
    """Shell patterns of the owners whose leases it may end and touch besides its own."""
    promote_to: Annotated[list[PpaGlob], BeforeValidator(_empty_list)] = []
    """Shell patterns of the PPAs, like ~acme/ubuntu/*, to which it may have packages of its leases copied."""

    def client(self) -> ClientConfig:
        """The client as the API reads it."""
        return ClientConfig(self.name, self.token_sha256, self.role, tuple(self.owners), tuple(self.promote_to))


class SocketSection(Section):
    """Who may connect to a Unix socket, by the permissions of its file."""

    mode: FileMode = Field(default=SOCKET_MODE)
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
    clients: Annotated[list[ClientSection], BeforeValidator(_empty_list)] = []
    """Who may call the API.  Without any, it can only listen on this host, and everybody is operator."""
    socket: Annotated[SocketSection, Empty] = SocketSection()
    tls: Annotated[TlsSection, Empty] = TlsSection()
    promote_to: Annotated[list[PpaGlob], BeforeValidator(_empty_list)] = []
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

    ppas: Annotated[list[PpaPattern], BeforeValidator(_empty_list), AfterValidator(_not_empty)] = []
    """Short form: the PPAs of one pool called default."""
    pools: Annotated[
        dict[PoolName, Annotated[PoolSection, Empty]],
        Empty,
        AfterValidator(_at_least_one_pool),
        Field(json_schema_extra={"additionalProperties": False}),  # than those with such names
    ] = {}
    """Pools by name."""
    retire: Annotated[list[PpaPattern], BeforeValidator(_empty_list)] = []
    """PPAs that are served to the end of their lease and clean, and lent no more."""
    launchpad: Annotated[LaunchpadSection, Empty] = LaunchpadSection()
    api: Annotated[ApiSection, Empty] = ApiSection()
    name: (
        Annotated[str, PlainValidator(parsers.daemon_name), WithJsonSchema({**_TEXT, "pattern": "^[A-Za-z0-9._-]+$"})]
        | None
    ) = None
    """This daemon's, another for each that serves the same PPAs; null: the host's name."""
