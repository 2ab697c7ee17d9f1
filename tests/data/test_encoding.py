"""Texts in other letters, or packed otherwise than their names say, are read or called so."""

import bz2
import gzip
import lzma
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_files import write_10x
from made_forms import simulated, write_mtx, write_table

from scbaseline.data.annotations import join_obs
from scbaseline.data.read import read_counts
from scbaseline.data.tables import read_table
from scbaseline.errors import InputError


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("utf-16", "UTF-16"), ("utf-16-le", "UTF-16LE"), ("utf-16-be", "UTF-16BE")],
)
@pytest.mark.parametrize("packed", [False, True])
def test_a_table_in_utf_16_is_called_that(
    tmp_path: Path, encoding: str, name: str, packed: bool
) -> None:
    """With its mark or without, gzipped or not; and how to save it as UTF-8."""
    plain = write_table(simulated(), tmp_path / "plain.tsv").read_text(encoding="utf-8")
    path = tmp_path / ("x.tsv.gz" if packed else "x.tsv")
    content = plain.encode(encoding)
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(InputError, match=rf"is in {name}, not in UTF-8; save it as UTF-8"):
        read_counts(path)


@pytest.mark.parametrize(
    ("encoding", "text", "named"),
    [("latin-1", "activée", "ISO-8859-1"), ("cp1252", "“high”", "Windows-1252")],
)
def test_labels_in_one_byte_letters_name_the_encoding_that_fits(
    tmp_path: Path, encoding: str, text: str, named: str
) -> None:
    """The line is shown as it was meant, and the command that is named saves it as UTF-8."""
    adata = simulated()
    path = tmp_path / "labels.csv"
    rows = "".join(f"{cell},B {text}\n" for cell in adata.obs_names)
    path.write_bytes(f"cell,type\n{rows}".encode(encoding))
    with pytest.raises(InputError, match=rf"line 2\); in {named} .*B {text}") as caught:
        join_obs(adata, path)
    command = str(caught.value).split("or iconv", 1)[1].rstrip(")")
    subprocess.run(f"iconv{command}", shell=True, cwd=tmp_path, check=True)  # noqa: S602
    joined, _ = join_obs(adata, tmp_path / "labels-utf8.csv")
    assert set(joined.obs["type"]) == {f"B {text}"}


def test_a_table_that_turns_foreign_late_is_called_so(tmp_path: Path) -> None:
    """The first lines are ASCII; line 400 is not UTF-8."""
    path = write_table(simulated(), tmp_path / "x.csv")
    lines = path.read_bytes().splitlines(keepends=True)
    lines[399] = b"caf\xe9" + lines[399]
    path.write_bytes(b"".join(lines))
    with pytest.raises(InputError, match=r"not in UTF-8 \(line 400\)"):
        read_counts(path)


@pytest.mark.parametrize("name", ["barcodes.tsv", "genes.tsv"])
def test_lists_of_a_10x_folder_name_their_encoding(tmp_path: Path, name: str) -> None:
    """The list is named, not only the folder."""
    folder = write_10x(tmp_path / "10x")
    text = (folder / name).read_text()
    (folder / name).write_text(text, encoding="utf-16")
    with pytest.raises(InputError, match=rf"{name} is in UTF-16"):
        read_counts(folder)


def test_what_is_gzipped_under_another_name_is_read(tmp_path: Path) -> None:
    """And what is plain under the name of something gzipped."""
    whole = simulated()
    path = write_table(whole, tmp_path / "x.csv")
    path.write_bytes(gzip.compress(path.read_bytes()))
    np.testing.assert_array_equal(read_counts(path).X.toarray(), whole.X.toarray())
    plain = write_table(whole, tmp_path / "y.csv").rename(tmp_path / "y.csv.gz")
    np.testing.assert_array_equal(read_counts(plain).X.toarray(), whole.X.toarray())
    for gzipped in (False, True):
        folder = write_mtx(whole, tmp_path / f"10x-{gzipped}", gzipped=gzipped)
        for file in list(folder.iterdir()):
            if gzipped:
                file.rename(folder / file.name.removesuffix(".gz"))
            else:
                file.rename(folder / f"{file.name}.gz")
        np.testing.assert_array_equal(read_counts(folder).X.toarray(), whole.X.toarray())


def test_labels_that_are_gzipped_without_saying_so_are_read(tmp_path: Path) -> None:
    """As tables of counts are."""
    adata = simulated()
    rows = "".join(f"{cell},T\n" for cell in adata.obs_names)
    (tmp_path / "labels.csv").write_bytes(gzip.compress(f"cell,type\n{rows}".encode()))
    assert set(join_obs(adata, tmp_path / "labels.csv")[0].obs["type"]) == {"T"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04" + b"x" * 90, "Excel"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 90, "HDF5"),
        (b"<!DOCTYPE html><html>", "web page"),
        (b"a,b\n1,\0\n", "not a text file"),
        (b"\xef\xbb\xbf<!-- x -->\n<html>", "web page"),
        (b'{"message": "not found"}', "JSON"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        (b"a,b\nc\xff\x01\x02,1\n", "is not a text file .line 2"),
    ],
)
def test_what_is_no_text_is_called_what_it_is(tmp_path: Path, content: bytes, words: str) -> None:
    """Under the name of a table."""
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(InputError, match=words) as caught:
        read_counts(tmp_path / "x.csv")
    assert str(caught.value).count("x.csv") == 1


@pytest.mark.parametrize("gzipped", [False, True])
def test_zero_bytes_in_a_matrix_are_refused_with_their_line(tmp_path: Path, gzipped: bool) -> None:
    """A crash leaves blocks of them; scipy's reader would end the process."""
    folder = write_mtx(simulated(), tmp_path / "10x", gzipped=False)
    matrix = folder / "matrix.mtx"
    whole = matrix.read_bytes()
    for at in range(200, len(whole) - 100, len(whole) // 12):
        content = whole[:at] + bytes(64) + whole[at + 64 :]
        matrix.write_bytes(gzip.compress(content) if gzipped else content)
        line = whole[:at].count(b"\n") + 1
        with pytest.raises(InputError, match=rf"matrix\.mtx is damaged: line {line:,} holds zero"):
            read_counts(folder)


PACKED = {
    "plain": (bytes, "read"),
    "gzip": (gzip.compress, "read"),
    "twice": (lambda text: gzip.compress(gzip.compress(text)), "gzipped twice"),
    "bzip2": (bz2.compress, "bunzip2 -c"),
    "xz": (lzma.compress, "unxz -c"),
}
ENCODED = {
    "utf-8": "read", "utf-8-sig": "read", "utf-16": "in UTF-16", "utf-16-le": "in UTF-16LE",
    "utf-16-be": "in UTF-16BE", "utf-32": "in UTF-32", "utf-32-le": "in UTF-32LE",
    "utf-32-be": "in UTF-32BE", "latin-1": "ISO-8859-1", "cp1252": "(ISO-8859-1|Windows-1252)",
}  # fmt: skip


@settings(max_examples=60)
@given(
    names=st.lists(
        st.text(st.sampled_from("ABCxyz019 ._-éüñ"), min_size=1, max_size=8).filter(
            lambda name: name == name.strip()
        ),
        min_size=2, max_size=4, unique=True,
    ),
    packed=st.sampled_from(sorted(PACKED)), encoding=st.sampled_from(sorted(ENCODED)),
    ending=st.sampled_from([".csv", ".csv.gz", ".txt"]),
)  # fmt: skip
def test_any_encoding_and_packing_is_read_right_or_named(
    names: list[str], packed: str, encoding: str, ending: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:  # fmt: skip
    """Whatever the names and the ending are: the table, or what it is in."""
    rows = [",".join(["cell", *names]), *(f"c{n}{',7' * len(names)}" for n in range(3))]
    text = "".join(f"{row}\n" for row in rows)
    pack, wanted = PACKED[packed]
    if wanted == "read" and not (text.isascii() and encoding in ("latin-1", "cp1252")):
        wanted = ENCODED[encoding]
    path = tmp_path_factory.mktemp("text") / f"x{ending}"
    path.write_bytes(pack(text.encode(encoding)))
    if wanted != "read":
        with pytest.raises(InputError, match=wanted):
            read_table(path)
        return
    read = read_table(path)
    assert read.var_names.tolist() == names
    assert read.X.toarray().tolist() == [[7.0] * len(names)] * 3


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"cell,A\nc1,1\n", "but text; if it is a table, rename it to end in .csv"),
        (gzip.compress(b"\x89HDF"), "but gzipped; type: gunzip -c x.h5ad > x-plain.h5ad"),
        (b"<html>404</html>", "but a web page"),
        (b"PK\x03\x04" + b"x" * 90, "but a zip archive"),
        (b"\x01\x02\x03", "get the file again"),
    ],
    ids=["text", "gzip", "web", "zip", "other"],
)
def test_what_is_called_h5ad_and_is_none_is_called_what_it_is(
    tmp_path: Path, content: bytes, words: str
) -> None:
    """Only what nobody knows is to be got again."""
    (tmp_path / "x.h5ad").write_bytes(content)
    with pytest.raises(InputError, match=rf"is not an HDF5 file, as every \.h5ad is.*{words}"):
        read_counts(tmp_path / "x.h5ad")
