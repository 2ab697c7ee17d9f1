"""Archives of folders: the one set of counts in them, or what to type first."""

import tarfile
from pathlib import Path

import numpy as np
import pytest
from made_folders import COUNTS, WHOLE, write_bustools

from scbaseline.data.read import read_counts
from scbaseline.errors import InputError, ScbaselineWarning


def test_an_archive_of_several_samples_is_refused(tmp_path: Path) -> None:
    """As GEO offers them: not one of them, and what to type."""
    for name in ("GSM1_ctrl", "GSM2_stim"):
        write_bustools(tmp_path / "o", name, name)
    with tarfile.open(tmp_path / "RAW.tar", "w") as archive:
        for path in sorted((tmp_path / "o").iterdir()):
            archive.add(path, path.name)
    with pytest.raises(InputError, match=r"GSM1_ctrl\.mtx, GSM2_stim\.mtx; type: tar xf RAW\.tar"):
        read_counts(tmp_path / "RAW.tar")
    with tarfile.open(tmp_path / "h5.tar", "w") as archive:
        for path in sorted((tmp_path / "o").glob("GSM1*")):
            archive.add(path, path.name)
        archive.add(path, "GSM2_stim.h5")
    with pytest.raises(InputError, match=r"GSM2_stim\.h5 beside a matrix of GSM1; type: tar"):
        read_counts(tmp_path / "h5.tar")
    one = read_counts(tmp_path / "o" / "GSM2_stim.mtx")
    np.testing.assert_array_equal(one.X.toarray(), COUNTS)


def test_folders_of_an_archive_with_like_names_stay_apart(tmp_path: Path) -> None:
    """Neither is written over the other; what a warning names is the archive."""
    for name in ("a b", "a-b"):
        write_bustools(tmp_path / name)
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for name in ("a b", "a-b"):
            archive.add(tmp_path / name, name)
    with pytest.raises(InputError, match=r"several folders of counts: a-b, a-b-2; type: tar xf x"):
        read_counts(tmp_path / "x.tar")
    write_bustools(tmp_path / "o", matrix="cells_x_genes.total")
    write_bustools(tmp_path / "o", matrix="cells_x_genes.cell")
    with tarfile.open(tmp_path / "y.tar", "w") as archive:
        archive.add(tmp_path / "o", "o")
    with pytest.warns(ScbaselineWarning, match=r"y\.tar: cells_x_genes\.total\.mtx was read"):
        read_counts(tmp_path / "y.tar")


@pytest.mark.parametrize("ending", [".tar", ".tgz", ".tar.gz"])
def test_archives_of_other_tools_are_read(tmp_path: Path, ending: str) -> None:
    """As their folders are."""
    write_bustools(tmp_path / "o")
    with tarfile.open(tmp_path / f"x{ending}", "w" if ending == ".tar" else "w:gz") as archive:
        archive.add(tmp_path / "o", "run/o")
    np.testing.assert_array_equal(read_counts(tmp_path / f"x{ending}").X.toarray(), COUNTS)


def test_an_archive_without_counts_of_a_folder_says_what_it_holds(tmp_path: Path) -> None:
    """And how to unpack it; no folder that is gone by then is named."""
    WHOLE.write_h5ad(tmp_path / "x.h5ad")
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "x.h5ad", "x.h5ad")
    with pytest.raises(InputError, match=r"it holds x\.h5ad; type: tar xf x\.tar\.gz"):
        read_counts(tmp_path / "x.tar.gz")
    (tmp_path / "z.tar").write_bytes(b"content")
    with pytest.raises(InputError, match="no archive that tar can read"):
        read_counts(tmp_path / "z.tar")
    with tarfile.open(tmp_path / "y.tar", "w") as archive:
        for name in ("a.csv", "b.csv"):
            (tmp_path / name).write_text("x")
            archive.add(tmp_path / name, name)
    with pytest.raises(InputError, match=r"holds no matrix\.mtx, but a\.csv, b\.csv; type: tar"):
        read_counts(tmp_path / "y.tar")
