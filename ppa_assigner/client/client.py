"""The calls of the HTTP API, tried again where trying again is right.

Rule: a wish for a PPA is one request id whose `attempt` grows with every request, whatever became of the one before;
any other call is sent again only where that cannot do harm.  Nothing here knows sockets or the command line.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Unpack, cast

from ..backoff import CALL_PATIENCE_S, IN_LINE, RELEASE_PATIENCE_S
from ..times import boottime
from .addresses import ppa_path, query, segment
from .calls import ApiCalls, naming
from .credentials import Credentials, own_token
from .errors import AssignerError, Bug, Document, NoneFree, Unavailable, UnknownLease
from .retry import AssignAttempts, RetryBudget
from .transport import DEFAULT_URL, ApiTransport

if TYPE_CHECKING:
    from ..documents import (
        AptSource,
        Caller,
        Content,
        Event,
        LaunchpadStatus,
        Lease,
        PastLease,
        Pool,
        Ppa,
        PromoteRequest,
        Promotion,
        RetriedBuild,
        RetryRequest,
        Source,
        TouchRequest,
        UploadCheck,
        UploadCheckRequest,
        Uploads,
        WaitingRequest,
        Wish,
    )
    from .lease import Holding, LeaseTerm
    from .uploads import WantedUploads

_CREATED = 201
ANSWER_S = 75.0  # the daemon's own deadline for a call is a minute unless configured otherwise


class Client(ApiCalls):
    """Talks to one daemon.  Safe for threads.  Every call returns, or raises an AssignerError, within its deadline."""

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        ca_file: str | None = None,
        answer_s: float = ANSWER_S,
        oidc: str | None = None,
    ) -> None:
        """`url` (http(s)://host:port or unix:/path) defaults to $PPA_ASSIGNER_URL, else http://127.0.0.1:8020;
        `token` to $PPA_ASSIGNER_TOKEN, else none; `ca_file`, the certificates (PEM) to trust for https, to
        $PPA_ASSIGNER_CA, else those of the system.  `answer_s`: how long the daemon may take for an answer beyond what
        the call itself asks to wait.  `oidc`: in place of a token, that of the CI job that this is, for this audience;
        defaults to $PPA_ASSIGNER_OIDC where there is no token.  Raises UsageError.
        """
        credentials = Credentials(own_token(token, oidc))
        ca_file = ca_file or os.environ.get("PPA_ASSIGNER_CA") or None
        url = url or os.environ.get("PPA_ASSIGNER_URL") or DEFAULT_URL
        super().__init__(ApiTransport(url, credentials, ca_file), answer_s)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def may_say_owner(self) -> bool:
        """Whether an issuer may have signed whose the leases of this client are, so that `owner` can be left out."""
        return self._transport.credentials.may_say_owner

    def know_lease(self, lease_id: str, token: str) -> None:
        """Touch, follow and release this lease by its own token, where this client has none that was given."""
        self._transport.credentials.keep(lease_id, token)

    # -- leases ---------------------------------------------------------------------------------------------------

    def assign(
        self, owner: str | None = None, *, on_wait: Callable[[AssignerError], None] | None = None, **wish: Unpack[Wish]
    ) -> Lease:
        """Take a PPA for `owner` (None: whom an issuer signed), waiting for one up to `wait` seconds; a daemon that
        does not answer is tried again for `wait`, at least 5 s.  The same `request_id` gets the same lease.

        The place in the line outlives the daemon: who has waited for more than a second comes back to it after a
        restart, or at another daemon, within nine minutes.  `on_wait` is called before each new request with what came
        in place of a lease: a NoneFree, whose problem has the `position`, or an Unavailable.

        Raises NoneFree, NotPermitted (also `request-id-taken` and `superseded`), UsageError, Unavailable or Bug; the
        problem document has the `request_id`, with which `withdraw` makes sure that nothing is left behind.
        """
        return self.take(owner, on_wait=on_wait, **wish).lease

    def assign_several(
        self, owner: str | None = None, *, on_wait: Callable[[AssignerError], None] | None = None, **wish: Unpack[Wish]
    ) -> list[Lease]:
        """Like `assign`, for several PPAs at once, all or nothing: `want=[{"pool": …, "select": …, "count": 2}]`.  To
        touch or to release any of these leases, of which the first leads, is to do so with all.
        """
        term = self.take(owner, on_wait=on_wait, **wish)
        return [term.lease, *term.others]

    def take(
        self, owner: str | None = None, *, on_wait: Callable[[AssignerError], None] | None = None, **wish: Unpack[Wish]
    ) -> LeaseTerm:
        """Like `assign`, but returns also how long the lease runs for certain by this host's clock.  For a Holding."""
        attempts = AssignAttempts(owner, wish)
        budget = RetryBudget(max(attempts.wait, CALL_PATIENCE_S), read=self._answer_s, backoff=IN_LINE)
        while True:
            try:
                return self._ask(attempts.next_request())
            except (NoneFree, Unavailable) as error:
                attempts.failed(error)
                if attempts.is_over(error) or budget.is_over or error.permanent:
                    raise
                if on_wait is not None:
                    on_wait(error)
                if not attempts.may_go_on(error):
                    budget.pause(error.retry_after)

    def _ask(self, body: Document) -> LeaseTerm:
        from .lease import looks_like_lease, term_of_assign, token_in

        sent = boottime()
        response = self._sent("POST", "/v1/leases", body, read=body["wait"] + self._answer_s)
        leases = response.document.get("leases") if "want" in body else [response.document]
        if not isinstance(leases, list) or not leases or not all(map(looks_like_lease, leases)):
            raise Unavailable("the daemon's answer is not a lease")
        lease, *others = cast("list[Lease]", leases)
        # An attempt is that of one request: a lease that has it was written for this one.
        written = response.status == _CREATED or 0 < body["attempt"] == lease.get("attempt")
        token = token_in(response.document)
        if token is not None:
            for one in leases:
                self.know_lease(one["id"], token)
        return term_of_assign(lease, sent, boottime(), written=written)._replace(others=tuple(others), token=token)

    def withdraw(self, request_id: str, *, within: float | None = None) -> list[Ppa] | None:
        """Withdraw a request: it leaves the waiting line, and what it got is released.

        Returns the PPAs that it gave back; none where it only waited, or where the answer that told them was lost.
        None: there was no such request.  `within`: give up after that many seconds in all.
        """
        tries = self._tries(within)
        path = "/v1/leases" + query([("request_id", request_id)])
        try:
            released = self._persist("DELETE", path, budget=tries).get("items")
        except UnknownLease:
            return [] if tries.maybe_done else None
        return released if isinstance(released, list) else []

    def touch(self, lease_id: str, ttl: float | None = None, *, within: float | None = None) -> Lease:
        """Prove that the lease's owner is still there; with `ttl` (seconds) the lease ends that much later from now,
        never earlier than before.  Raises LeaseOver or UnknownLease when it has ended.

        `within`: give up after that many seconds, and when one try that may have reached the daemon has failed.
        """
        from .lease import looks_like_lease

        body: TouchRequest = {} if ttl is None else {"ttl": ttl}
        path = f"/v1/leases/{segment(lease_id)}/touch"
        document = self._persist("POST", path, body, budget=self._tries(within), resend=within is None)
        if not looks_like_lease(document):
            raise Unavailable("the daemon's answer is not a lease")
        return cast("Lease", document)

    def release(self, lease_id: str, *, within: float | None = None) -> Ppa | None:
        """End the lease.  None: the answer that said so was lost, and its PPA has forgotten the lease since.

        Raises UnknownLease when nothing remembers it at the first answer, and an Unavailable that is `pending` where
        Launchpad is away and the daemon does it later.  `within`: give up after that many seconds.
        """
        tries = self._tries(within)
        try:
            return cast("Ppa", self._persist("DELETE", f"/v1/leases/{segment(lease_id)}", budget=tries))
        except UnknownLease:
            if tries.maybe_done:
                return None
            raise

    def get_lease(self, lease_id: str) -> Lease:
        """One lease; also while its PPA, dirty already, remembers it.  Raises UnknownLease."""
        return cast("Lease", naming(self._persist("GET", f"/v1/leases/{segment(lease_id)}"), "ppa"))

    def leases(
        self, *, owner: str | None = None, request_id: str | None = None, pool: str | None = None,
        select: str | None = None,
    ) -> list[Lease]:  # fmt: skip
        """The leases that run; `select`: in PPAs with such labels.  A listing grants nothing: only `assign` does."""
        wanted = {"owner": owner, "request_id": request_id, "pool": pool, "select": select}
        return cast("list[Lease]", self._items("/v1/leases", "id", "ppa", **wanted))

    @contextlib.contextmanager
    def lease(
        self, owner: str | None = None, *, on_lost: Callable[[str], None] | None = None, **wish: Unpack[Wish]
    ) -> Iterator[Holding]:
        """A PPA for the time of a `with` block: touched in the background, released at the end whatever the end is.

        `on_lost` is called, from another thread, with the reason when the lease ends early: when the daemon says so, or
        when it does not answer, by this host's own clock some seconds before it may have ended the lease.  Leaving the
        block never hides its exception; a release that cannot be confirmed within 30 s is left to the lease's own end.
        """
        import uuid

        from .lease import Holding

        request_id = wish["request_id"] = wish.get("request_id") or str(uuid.uuid4())
        try:
            term = self.take(owner, **wish)
        except AssignerError:
            raise
        except BaseException:  # KeyboardInterrupt, and what a signal handler raises
            with contextlib.suppress(AssignerError):
                self.withdraw(request_id, within=CALL_PATIENCE_S)
            raise
        holding = Holding(self, term, on_lost)
        try:
            holding.make_sure()
            with holding:
                yield holding
        finally:
            with contextlib.suppress(AssignerError):
                self.give_back(holding)

    def give_back(self, holding: Holding) -> None:
        """Release what was held, within 30 s; within 5 s where it counts as lost, and not where the daemon said that it
        is over.
        """
        if not holding.over:
            self.release(holding.id, within=RELEASE_PATIENCE_S if holding.lost is None else CALL_PATIENCE_S)

    # -- uploads --------------------------------------------------------------------------------------------------

    def uploads(self, lease_id: str, wanted: WantedUploads | None = None, *, wait: float = 0.0) -> Uploads:
        """What became of the uploads to a leased PPA, after waiting for the goal up to `wait` seconds (an hour)."""
        from .uploads import WantedUploads, path_of

        path = path_of(segment(lease_id), wanted or WantedUploads(), wait)
        budget = RetryBudget(CALL_PATIENCE_S, read=wait + self._answer_s)
        return cast("Uploads", self._persist("GET", path, budget=budget))

    def follow_uploads(
        self,
        lease_id: str,
        wanted: WantedUploads | None = None,
        *,
        within: float | None = None,
        check: Callable[[], object] = lambda: None,
    ) -> Iterator[Uploads]:
        """The same at each change, until it is final or `within` seconds are over.  An outage of the daemon or of
        Launchpad is waited for, but for one at the beginning.  `check` is called before each request; what it raises
        ends the wait.  Raises LeaseOver when the lease has ended.
        """
        from .uploads import WantedUploads, reports

        return reports(self._transport, segment(lease_id), wanted or WantedUploads(), within, self._answer_s, check)

    def retry_uploads(self, lease_id: str, sources: Sequence[Source] = ()) -> list[RetriedBuild]:
        """Have builds of these sources (none: of all) tried again that failed for a chroot problem or a lost builder;
        those are told.
        """
        body: RetryRequest = {"sources": [{"name": each["name"], "version": each["version"]} for each in sources]}
        path = f"/v1/leases/{segment(lease_id)}/uploads/retry"
        items = self._persist("POST", path, body, resend=False).get("items")
        if not isinstance(items, list):
            raise Bug("the daemon's answer is not a list")
        return cast("list[RetriedBuild]", items)

    # -- PPAs, pools, events --------------------------------------------------------------------------------------

    def ppas(
        self, *, pool: str | None = None, state: str | None = None, condition: str | None = None,
        select: str | None = None,
    ) -> list[Ppa]:  # fmt: skip
        """What is known of the PPAs; `select`: of those with such labels."""
        found = self._items("/v1/ppas", "ppa", pool=pool, state=state, condition=condition, select=select)
        return cast("list[Ppa]", found)

    def ppa(self, reference: str) -> Ppa:
        """What is known of one PPA, `~owner/ubuntu/name` or `ppa:owner/name`.  UsageError: none such is served."""
        return cast("Ppa", naming(self._persist("GET", ppa_path(reference)), "ppa"))

    def caller(self) -> Caller:
        """As whom the daemon knows this client."""
        found = self._persist("GET", "/v1/caller")
        if "name" not in found:  # null where the daemon has no clients
            raise Bug("the daemon's answer does not say as whom it knows this client")
        return cast("Caller", found)

    def pools(self, *, select: str | None = None) -> list[Pool]:
        """The pools in numbers; `select`: those with such labels."""
        return cast("list[Pool]", self._items("/v1/pools", "pool", select=select))

    def line(self, *, pool: str | None = None) -> list[WaitingRequest]:
        """Those who wait, in the order in which they are served, and why."""
        return cast("list[WaitingRequest]", self._items("/v1/line", "request_id", "pool", pool=pool))

    def readiness(self, *, within: float) -> Document | None:
        """Whether the daemon lends: `ready`, or a `detail` that says why not; and `launchpad` as below.  None: that is
        not told, or not within so many seconds.  Asked once.
        """
        try:
            return self._transport.send("GET", "/readyz", None, read=within).document
        except Unavailable:
            return None

    def launchpad(self, *, within: float) -> LaunchpadStatus | None:
        """Whether Launchpad answers the daemon: `ok`, `since` when it is so, and `why`.  None: that is not told, or not
        within so many seconds.  Asked once.
        """
        told = (self.readiness(within=within) or {}).get("launchpad")
        return cast("LaunchpadStatus", told) if isinstance(told, dict) else None

    def check_upload(self, sources: Sequence[Source], *, pool: str | None = None) -> UploadCheck:
        """What would become of an upload of these sources (see `changes.read_changes`) to PPAs of this pool, or of any
        pool; no PPA is taken for that.
        """
        body: UploadCheckRequest = {"sources": list(sources), "pool": pool}
        return cast("UploadCheck", self._persist("POST", "/v1/uploads/check", body))

    def apt_source(self, lease_id: str, series: Sequence[str] = (), *, within: float | None = None) -> AptSource:
        """What apt needs to read a lease's PPA: of these series, or of those in which something came since it began.
        Raises UsageError where nothing did.  `within`: give up after that many seconds.
        """
        path = f"/v1/leases/{segment(lease_id)}/sources" + query(("series", one) for one in series)
        found = self._persist("GET", path, budget=self._tries(within))
        if not isinstance(found.get("uri"), str) or not isinstance(found.get("suites"), list):
            raise Bug("the daemon's answer does not say where the PPA is")
        return cast("AptSource", found)

    def promote(
        self, lease_id: str, to: str, *, sources: Sequence[Source] = (), series: Sequence[str] = ()
    ) -> Promotion:
        """Have what is published in a lease's PPA (these sources of it) copied with its binaries to the PPA `to`; tell
        how far that is.  Asked again, until it is `published` or `failed`, it goes on; what is there already is done.

        Raises NotAccepted for what is not published yet or not newer, NotPermitted where `promote_to` forbids it.
        """
        body: PromoteRequest = {"to": to}
        if sources:
            body["sources"] = [{"name": source["name"], "version": source["version"]} for source in sources]
        if series:
            body["series"] = list(series)
        return cast("Promotion", self._persist("POST", f"/v1/leases/{segment(lease_id)}/promote", body))

    def history(self, reference: str) -> list[PastLease]:
        """The leases that a PPA had and that published something, the newest first, as Launchpad remembers them."""
        return cast("list[PastLease]", self._items(ppa_path(reference) + "/history", "lease"))

    def operate(self, reference: str, act: str, **facts: Any) -> Ppa:
        """An operator's act on a PPA: `release` (lease), `hold` (lease, `for` in seconds), `adopt`, `quarantine`
        (reason), `resume` or `discard` (reason, delete).  Not sent again once it may have reached the daemon:
        Unavailable then says so.
        """
        return cast("Ppa", self._persist("POST", f"{ppa_path(reference)}/{segment(act)}", facts, resend=False))

    def content(self, reference: str) -> Content:
        """What a clean would delete, by an operator's leave."""
        return cast("Content", self._persist("GET", ppa_path(reference) + "/content"))

    def events(
        self, *, follow: bool = False, ppa: str | None = None, latest: int | None = None
    ) -> Generator[Event, None, None]:
        """The transitions since the daemon's start; with `follow` also those to come, over restarts of the daemon.
        `ppa`: of that PPA alone; `latest`: of those known already at most so many, the latest.
        """
        from .events import read_events

        return read_events(self._transport, follow=follow, ppa=ppa, latest=latest)
