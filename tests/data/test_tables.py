"""Tables are read as pandas reads them, and refused where they are none."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_forms import simulated, write_table

from scbaseline.data import tables
from scbaseline.data.read import read_counts
from scbaseline.errors import InputError, ScbaselineWarning

NAMES = ["c1", "c2"]


def _read(tmp_path: Path, text: str, *, name: str = "x.csv") -> pd.DataFrame:
    (tmp_path / name).write_text(text)
    return read_counts(tmp_path / name).to_df()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("cell,a,b\nc1,1,0\nc2,2,3\n", "x.csv"),
        ("cell\ta\tb\nc1\t1\t0\nc2\t2\t3\n", "x.csv"),
        ("cell;a;b\nc1;1;0\nc2;2;3\n", "x.csv"),
        ("cell a b\nc1 1 0\nc2 2 3\n", "x.txt"),
        (",a,b\nc1,1,0\nc2,2,3\n", "x.csv"),
        ("a,b\nc1,1,0\nc2,2,3\n", "x.csv"),
        ('"","a","b"\n"c1",1,0\n"c2",2,3\n', "x.csv"),
        ("cell, a, b\nc1, 1, 0\nc2, 2, 3\n", "x.csv"),
        ("cell,a,b\r\nc1,1.0,0e0\r\nc2,2,3\r\n\r\n", "x.csv"),
        ("\ufeffcell,a,b\nc1,1,0\nc2,2,3\n", "x.csv"),
    ],
    ids=["comma", "tab", "semicolon", "space", "no-corner", "R", "quotes", "blanks", "dos", "bom"],
)
def test_every_way_of_writing_a_table_is_read(tmp_path: Path, text: str, name: str) -> None:
    """Separators, quotes, line ends and R's short header make no difference."""
    expected = pd.DataFrame([[1, 0], [2, 3]], index=NAMES, columns=["a", "b"], dtype=np.float32)
    pd.testing.assert_frame_equal(_read(tmp_path, text, name=name), expected)


def test_blocks_are_read_as_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A table read a few rows at a time is pandas' table."""
    path = write_table(simulated(), tmp_path / "x.csv")
    monkeypatch.setattr(tables, "_VALUES", 1000)
    read = read_counts(path).to_df()
    pd.testing.assert_frame_equal(read, pd.read_csv(path, index_col=0), check_dtype=False)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cell,a,type\nc1,1,B cell\n", r"column 'type' holds 'B cell' in row 'c1'.*--obs FILE"),
        ("cell,a,b\nc1,1,2\nc2,1\n", r"line 3 has 2 values, the header names 3"),
        ("cell,a,b\nc1,1,2,3,4\n", r"line 2 has 5 values, the header names 3"),
        ("cell\nc1\n", r"has one column only \('cell'\)"),
        ("\n\n", "empty first line"),
        ("a\0b\n", "is not a text file"),
    ],
    ids=["text", "short", "long", "one-column", "blank", "binary"],
)
def test_what_is_no_table_of_numbers_is_refused(tmp_path: Path, text: str, words: str) -> None:
    """The line, or the column and the row, is named."""
    with pytest.raises(InputError, match=words):
        _read(tmp_path, text)


def test_a_table_without_a_last_line_break_is_read_with_a_warning(tmp_path: Path) -> None:
    """It may be whole, or cut within its last number: both look the same."""
    with pytest.warns(ScbaselineWarning, match="ends without a line break"):
        assert _read(tmp_path, "cell,a,b\nc1,1,0\nc2,2,3").loc["c2", "b"] == 3


def test_a_header_alone_is_a_table_of_no_cells(tmp_path: Path) -> None:
    """The check, not the reader, says that there are no cells."""
    assert _read(tmp_path, "cell,a,b\n").shape == (0, 2)


def test_a_gene_may_be_called_na(tmp_path: Path) -> None:
    """Names are never taken for missing values; numbers may be missing."""
    read = _read(tmp_path, "cell,NA,b\nNA,1,\n")
    assert read.columns.tolist() == ["NA", "b"]
    assert read.index.tolist() == ["NA"]
    assert np.isnan(read.loc["NA", "b"])
