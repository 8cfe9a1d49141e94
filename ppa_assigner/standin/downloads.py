"""What is downloaded without the web service: indexes and packages of PPAs as apt reads them, their snapshots, files of
publications, logs of builds.

Private PPAs have nothing here but for their subscribers. Answers say when they were last changed, and 304 to who knows
that.
"""

from __future__ import annotations

import gzip
import re
from base64 import b64encode
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from . import indexes
from .debs import deb, deb_name
from .messages import HttpResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from .archive import Archive
    from .messages import HttpRequest
    from .world import World

    Found = tuple[Callable[[], bytes | None] | bytes | None, datetime]

API = ("/devel/", "/1.0/", "/upload/")
TYPE = ("Content-Type", "application/octet-stream")
LOGIN = HttpResponse(401, (("WWW-Authenticate", 'Basic realm="Token Required"'),))
STAMP = "%Y%m%dT%H%M%SZ"
REPOSITORY = re.compile(
    r"/(?P<snapshot>snapshot/)?(?P<owner>[^/~]+)/(?P<name>[^/]+)/(?P<distribution>[^/]+)/"
    r"(?:(?P<stamp>\d{8}T\d{6}Z)/)?(?P<kind>dists|pool)/(?P<rest>.+)"
)
PAGE = re.compile(r"/(~[^/]+/\+archive/[^/]+/[^/]+|[^/]+/\+archive/primary)/(\+sourcefiles|\+files|\+build)/(.+)")


def serve(world: World, request: HttpRequest) -> HttpResponse | None:
    """The answer to a request for a file; None when there is none at that address."""
    if request.method not in ("GET", "HEAD") or request.target.startswith(API):
        return None
    path = unquote(request.target.partition("?")[0])
    try:
        with world.lock:
            found = _find(world, path, request.headers.get("authorization", ""))
    except _NotAdmittedError:
        return LOGIN
    if found is None:
        return None
    content, changed = found
    headers = (TYPE, ("Last-Modified", format_datetime(changed, usegmt=True)))
    if _known(request.headers.get("if-modified-since"), changed):
        return HttpResponse(304, headers)
    body = content() if callable(content) else content  # outside the lock: indexes are packed and signed when asked for
    return None if body is None else HttpResponse(200, headers, body)


def _known(since: str | None, changed: datetime) -> bool:
    if since is None:
        return False
    try:
        return parsedate_to_datetime(since) >= changed
    except (TypeError, ValueError):
        return False


def _find(world: World, path: str, authorization: str) -> Found | None:
    parts = REPOSITORY.fullmatch(path)
    if parts is not None:
        return _in_repository(world, parts, authorization)
    parts = PAGE.fullmatch(path)
    if parts is None:
        return None
    archive = world.find(parts[1].replace("/+archive", ""))
    if archive is None or archive._private:
        return None
    return {"+sourcefiles": _source_file, "+files": _binary_file, "+build": _log}[parts[2]](archive, parts[3])


def _in_repository(world: World, parts: re.Match[str], authorization: str) -> Found | None:
    person, stamp, rest = world.people.get(parts["owner"]), parts["stamp"], parts["rest"]
    archive = person.find(parts["distribution"], parts["name"]) if person else None
    if archive is None or bool(parts["snapshot"]) != bool(stamp) or not _admitted(archive, authorization):
        return None
    suites = snapshot_at(archive, stamp) if stamp else archive.suites
    if parts["kind"] == "dists":
        series, _, file = rest.partition("/")
        suite = suites.get(series)
        return (lambda: suite.file(file), suite.at) if suite is not None else None
    return _of_snapshot(suites, rest) if stamp else _pooled(archive, rest)


class _NotAdmittedError(Exception):
    """A private PPA that somebody else may download from."""


def _admitted(archive: Archive, authorization: str) -> bool:
    if not archive._private:
        return True
    known = {b64encode(f"{user}:{password}".encode()).decode() for user, password in archive.passwords.items()}
    if known and authorization.removeprefix("Basic ") not in known:
        raise _NotAdmittedError
    return bool(known)


def snapshot_at(archive: Archive, stamp: str) -> dict[str, indexes.Suite]:
    """What was published at that time, by the newest snapshot that is not younger; nothing for what is not a time."""
    try:
        wanted = datetime.strptime(stamp, STAMP).replace(tzinfo=UTC)
    except ValueError:
        return {}
    return next((suites for at, suites in reversed(archive.snapshots) if at.replace(microsecond=0) <= wanted), {})


def _of_snapshot(suites: dict[str, indexes.Suite], path: str) -> Found | None:
    for suite in suites.values():
        file = suite.pooled(path)
        if file is not None:
            return file.content, suite.at
    return None


def _pooled(archive: Archive, path: str) -> Found | None:
    """A file of the pool: from its first publication until it is removed from disk."""
    folder, _, name = path.rpartition("/")
    for publication in (*archive.sources, *archive.binaries):
        published = publication._date_published
        if published is None or publication._date_removed is not None or indexes.pool_folder(publication) != folder:
            continue
        for file in indexes.pool_files(publication):
            if file.name == name:
                return file.content, published.replace(microsecond=0)
    return None


def _source_file(archive: Archive, rest: str) -> Found | None:
    name, version, file_name = (*rest.split("/"), "", "")[:3]
    for source in archive.sources:
        release: Any = getattr(source, "release", None)
        if (source.name, source.version) == (name, version) and archive.world.keeps(release):
            content = next((file.content for file in release.files if file.name == file_name), None)
            return content, source._date_created.replace(microsecond=0)
    return None


def _binary_file(archive: Archive, name: str) -> Found | None:
    for binary in archive.binaries:
        package: Any = getattr(binary, "package", None)
        if deb_name(package) == name:
            return deb(package).content, binary._date_created.replace(microsecond=0)
    return None


def _log(archive: Archive, rest: str) -> Found | None:
    number, _, name = rest.partition("/+files/")
    build = next((build for build in archive.builds if str(build.id) == number), None)
    if build is None:
        return None
    text, at = build.log.encode(), (build.datebuilt or build.datecreated).replace(microsecond=0)
    if build.build_log_url is not None and build.build_log_url.endswith(f"/{name}"):
        return gzip.compress(text, mtime=0), at
    if build.upload_log_url is not None and build.upload_log_url.endswith(f"/{name}"):
        return text, at
    return None
