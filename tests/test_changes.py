"""Reading `.changes` files as people have them: signed, with carriage returns, with an old gpg's armour, broken."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from ppa_assigner.client.changes import MAX_BYTES, read_changes

from .recipes.packages import package, signed


def test_a_changes_file_names_the_source_its_series_and_its_files(tmp_path: Path) -> None:
    """The version keeps its epoch, which file names lack."""
    changes = package(tmp_path, version="1:1.0")
    sha256 = re.search(r"Sha256:\n (\w+)", changes.read_text())
    assert sha256 is not None
    assert read_changes(changes) == {
        "name": "hello",
        "version": "1:1.0",
        "series": "noble",
        "files": [{"name": "hello_1.0.dsc", "sha256": sha256[1]}],
    }


@pytest.mark.parametrize("header", ["", "Version: GnuPG v2\nComment: Source: other\n"])
def test_a_signed_one_with_carriage_returns_says_the_same(tmp_path: Path, header: str) -> None:
    """Neither the armour's own Version nor line ends of Windows are taken for the package's."""
    changes = package(tmp_path)
    with_dsc_sums(tmp_path / "hello_1.0.dsc")
    plain = read_changes(changes)
    signed(changes, tmp_path / "gnupg", header)
    changes.write_bytes(changes.read_bytes().replace(b"\n", b"\r\n"))
    assert read_changes(changes) == plain


def test_without_its_dsc_the_changes_file_is_enough(tmp_path: Path) -> None:
    """It lies where somebody uploads from, but need not."""
    changes = package(tmp_path)
    before = read_changes(changes)
    (tmp_path / "hello_1.0.dsc").unlink()
    assert read_changes(changes) == before


def with_dsc_sums(dsc: Path, *more: str) -> None:
    """Have the .dsc name files of its own."""
    lines = "".join(f" {hashlib.sha256(name.encode()).hexdigest()} 1 {name}\n" for name in ("hello_1.0.tar.xz", *more))
    dsc.write_text(dsc.read_text() + "Checksums-Sha256:\n" + lines)


def test_the_dsc_beside_it_adds_the_orig_that_the_upload_leaves_out(tmp_path: Path) -> None:
    """The archive's own must be the same, so it is compared too; a build log never is."""
    changes = package(tmp_path)
    with_dsc_sums(tmp_path / "hello_1.0.dsc", "hello_1.0.orig.tar.xz")
    extra = f"\n {'0' * 64} 9 hello_1.0_source.buildinfo"
    changes.write_text(re.sub(r"(Sha256:\n .*)", r"\1" + extra, changes.read_text()))
    names = [file["name"] for file in read_changes(changes)["files"]]
    assert names == ["hello_1.0.dsc", "hello_1.0.orig.tar.xz", "hello_1.0.tar.xz"]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ((r"Version: .*\n", ""), "no field Version"),
        ((r"Distribution: .*", "Distribution:"), "no field Distribution"),
        ((r"Checksums-Sha256:\n .*\n", ""), "no field Checksums-Sha256"),
        ((r"(Sha256:\n )\w+", r"\1beef"), "not a sum, a size and a file name"),
        ((r"(Sha256:\n \w+ \d+) ", r"\1 ../"), "not a sum, a size and a file name"),
        ((r"(Sha256:\n \w+ \d+) ", "\\1 \x1b[2J"), "not a sum, a size and a file name"),
        ((r"(Sha256:\n \w+ \d+) \S+", rf"\1 {'x' * 300}.dsc"), "not a sum, a size and a file name"),
        ((r"(Sha256:\n )\w", r"\1g"), "not a sum, a size and a file name"),
        ((r"\Z", "Checksums-Sha256: beef\n"), "not a sum, a size and a file name"),
        ((r"hello_1.0\.dsc", "hello_1.0.deb"), "takes source packages alone"),
        ((r"hello_1.0\.dsc", "hello_1.0.tar.xz"), "names no .dsc"),
        ((r"(?s).*", ""), "no field Source"),
    ],
)
def test_what_cannot_be_uploaded_is_said_with_the_file(tmp_path: Path, change: tuple[str, str], why: str) -> None:
    """One sentence, never a traceback of python-debian."""
    changes = package(tmp_path)
    changes.write_text(re.sub(*change, changes.read_text(), count=0))
    with pytest.raises(ValueError, match=re.escape(str(changes)) + ".*" + re.escape(why)):
        read_changes(changes)


def test_a_field_on_one_line_is_read_as_one_of_several(tmp_path: Path) -> None:
    """Where nothing but a .dsc is uploaded, and in the .dsc beside it."""
    changes = package(tmp_path)
    one = r"(?m)^Checksums-Sha256:\n( \S+ \d+ \S+\.dsc)\n( .*\n)*"
    text = re.sub(one, r"Checksums-Sha256:\1\n", changes.read_text())
    assert re.search(r"Sha256: \w", text)
    changes.write_text(text)
    assert "hello_1.0.dsc" in [file["name"] for file in read_changes(changes)["files"]]


def test_a_file_that_is_far_too_large_is_not_read(tmp_path: Path) -> None:
    """Somebody gave the tarball in place of the .changes."""
    changes = tmp_path / "hello.changes"
    changes.write_bytes(b"\0" * (MAX_BYTES + 1))
    with pytest.raises(ValueError, match="larger than 4 MiB"):
        read_changes(changes)
