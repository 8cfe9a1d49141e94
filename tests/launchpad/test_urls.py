"""Addresses: what is at one, and which one something has."""

from __future__ import annotations

import pytest

from ppa_assigner.launchpad.responses import UnreadableResponseError
from ppa_assigner.launchpad.urls import archive_at, archive_url, last_part, origin, person_url, ppa_url, reference_at
from ppa_assigner.reference import Reference

ROOT = "https://api.launchpad.net/devel/"
ARCHIVES = [
    ("~ci/ubuntu/one", f"{ROOT}~ci/+archive/ubuntu/one"),
    ("ubuntu", f"{ROOT}ubuntu/+archive/primary"),
    ("ubuntu/partner", f"{ROOT}ubuntu/+archive/partner"),
]


@pytest.mark.parametrize(
    "url",
    ["http://a.b.evil/", "https://a.b/", "https://a.b:80/", "http://a.b:81/", "http://u@a.b/", "http://a.b:x/"],
)
def test_origins(url: str) -> None:
    """Scheme, host and port count."""
    assert origin("http://A.b/x") == origin("http://a.b:80/")
    assert origin(url) != origin("http://a.b/")


@pytest.mark.parametrize("path", ["/devel/~ci/+archive/ubuntu/one", "/devel/%7Eci/%2Barchive/ubuntu/one"])
def test_addresses_of_ppas(path: str) -> None:
    """Either way of writing them."""
    assert reference_at(f"http://h{path}") == Reference("ci", "ubuntu", "one")


@pytest.mark.parametrize(("name", "url"), ARCHIVES)
def test_an_archive_is_asked_for_in_the_form_in_which_it_was_told(name: str, url: str) -> None:
    """There and back again."""
    assert archive_at(url) == name
    assert archive_url(ROOT, name) == url


@pytest.mark.parametrize("url", [ROOT, f"{ROOT}~ci", f"{ROOT}ubuntu", "nonsense", ""])
def test_what_is_no_archive(url: str) -> None:
    """Is not taken for one."""
    with pytest.raises(UnreadableResponseError):
        archive_at(url)


@pytest.mark.parametrize("name", ["", "~ci", "~ci/ubuntu", "a/b/c", "Ubuntu", "ubuntu?x"])
def test_what_names_no_archive(name: str) -> None:
    """Has no address."""
    with pytest.raises(ValueError, match="is not a PPA"):
        archive_url(ROOT, name)


def test_a_main_archive_is_asked_for_at_a_safe_address() -> None:
    """Signs in a name that mean something in an address are escaped."""
    assert archive_url(ROOT, "a+b/c+d") == f"{ROOT}a%2Bb/+archive/c%2Bd"


def test_the_address_of_a_ppa_is_canonical() -> None:
    """With its signs as Launchpad writes them; it names the same PPA."""
    ppa = Reference("ci", "ubuntu", "one")
    assert ppa_url(ROOT, ppa) == f"{ROOT}~ci/+archive/ubuntu/one"
    assert reference_at(ppa_url(ROOT, ppa)) == ppa


@pytest.mark.parametrize("url", ["http://[/", "http://h/~ci/+archive/ubuntu", f"{ROOT}~ci/\n"])
def test_what_is_no_ppa_is_told_with_its_address(url: str) -> None:
    """In one line."""
    with pytest.raises(UnreadableResponseError) as caught:
        reference_at(url)
    assert " is not an address" in str(caught.value)
    assert str(caught.value).startswith(url[:7])
    assert "\n" not in str(caught.value)


def test_the_last_part_of_an_address_names_a_series() -> None:
    """With a slash behind it or without, and whatever letter it ends with."""
    assert last_part(f"{ROOT}ubuntu/noble") == last_part(f"{ROOT}ubuntu/noble/") == "noble"
    assert last_part(f"{ROOT}ubuntu/X/") == "X"


def test_an_address_without_a_host_or_with_a_user_has_no_origin() -> None:
    """Nor one that is none; an unknown scheme has no port of its own."""
    assert [origin(url) for url in ("", "http://", "http://u@h/", "http://:p@h/", "http://h:x/")] == [None] * 5
    assert origin("https://h/") == ("https", "h", 443)
    assert origin("http://h:81/") == ("http", "h", 81)
    assert origin("ftp://h/") == ("ftp", "h", None)


def test_people() -> None:
    """With or without a tilde, and nothing in a name leads elsewhere."""
    assert person_url(ROOT, "ann") == person_url(ROOT, "~ann") == f"{ROOT}~ann"
    assert person_url(ROOT, "~a/b?c") == f"{ROOT}~a%2Fb%3Fc"
    assert last_part(f"{ROOT}%7Eann") == "~ann"
