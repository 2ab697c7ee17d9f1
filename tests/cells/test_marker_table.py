"""Claims about tables of markers: common forms are read, others are refused by line."""

from pathlib import Path

import pytest

from scbaseline.cells.marker_table import CellType, read_marker_table
from scbaseline.errors import InputError

WANTED = (CellType("B", ("CD79A", "MS4A1"), ("CD3D",)), CellType("NK", ("GNLY",)))


@pytest.mark.parametrize(
    "text",
    [
        "B,CD79A,+\nB,MS4A1\nB,CD3D,-\nNK,GNLY\n",
        "cell_type\tgene\tsign\tsource\nB\tCD79A\t+\tx\nB\tMS4A1\t\ty\nB\tCD3D\t−\tz\nNK\tGNLY\t1\t\n",
        "\ufeff# a remark\n\nB;CD79A;positive\nB;MS4A1\nB;CD3D;negative\nNK;GNLY\r\n",
        '"Cell type","Gene","Sign"\n"B","CD79A","+"\nB,MS4A1,+\nB,CD3D,-1\nNK, GNLY ,+\n',
    ],
    ids=["csv", "tsv", "semicolons", "quotes"],
)
def test_common_forms_are_read(tmp_path: Path, text: str) -> None:
    """Separator, titles, remarks, quotes and signs are found out."""
    path = tmp_path / "markers.txt"
    path.write_text(text, encoding="utf-8")
    assert read_marker_table(path).types == WANTED


def test_a_third_column_that_is_no_sign_is_passed_over(tmp_path: Path) -> None:
    """A title says what a column is."""
    path = tmp_path / "markers.csv"
    path.write_text("cell type,gene,reference\nB,CD79A,Doe 2020\n")
    assert read_marker_table(path).types == (CellType("B", ("CD79A",)),)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("B,CD79A\nCD3D\n", "line 2 is 'CD3D'"),
        ("B,CD79A,maybe\n", "line 1 is 'B,CD79A,maybe'"),
        ("B,\n", "line 1 is 'B,'"),
        ("gene,ct\nCD3E,T\n", "columns are cell type, gene, sign; seen 'gene', 'ct'"),
        ("ct|gene\nT|CD3E\n", "columns are cell type, gene, sign; seen 'ct|gene'"),
        ("", "holds no marker"),
        ("B,CD3D,-\n", "holds no marker"),
    ],
)
def test_other_forms_are_refused(tmp_path: Path, text: str, seen: str) -> None:
    """The message names the line, and says what is wanted."""
    path = tmp_path / "markers.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=r"(wanted:|columns are).* cell type") as error:
        read_marker_table(path)
    assert seen in str(error.value)
    assert str(path) in str(error.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """It is said to be missing; one that is no text is not."""
    binary = tmp_path / "markers.xlsx"
    binary.write_bytes(b"PK\x03\x04\xff\xfe\x80")
    for path, says in ((tmp_path / "none.csv", "no such file"), (binary, "cannot be read")):
        with pytest.raises(InputError, match=f"{path.name}: {says}.*give a CSV or TSV file"):
            read_marker_table(path)


def test_a_table_of_other_genes_is_refused(tmp_path: Path) -> None:
    """With their number, and a gene of both; one gene in common is enough."""
    path = tmp_path / "markers.csv"
    path.write_text("ct,gene\nT,Cd3e\nT,Cd8a\n")
    table = read_marker_table(path)
    with pytest.raises(InputError, match=r"of its 2 genes.*table has Cd3e, the data have CD3E"):
        table.require_some(("CD3E", "CD8A"))
    table.require_some(("CD3E", "Cd8a"))


def test_each_line_of_the_own_table_names_its_source() -> None:
    """Markers are facts that others found; no type has fewer than two."""
    from importlib import resources

    text = resources.files("scbaseline.cells").joinpath("blood_markers.tsv").read_text("utf-8")
    lines = [line.split("\t") for line in text.splitlines() if not line.startswith("#")]
    assert lines[0] == ["cell_type", "gene", "sign", "source"]
    assert all(len(fields) == 4 and all(fields) for fields in lines)
    assert all(len(cell_type.positive) >= 2 for cell_type in read_marker_table().types)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "latin-1"])
def test_other_letters_than_utf8_are_called_so(tmp_path: Path, encoding: str) -> None:
    """As Excel on Windows saves them, with what to choose there."""
    path = tmp_path / "markers.csv"
    path.write_text("B activée,CD79A\n", encoding=encoding)
    with pytest.raises(InputError, match=r"UTF-8.*Excel: 'CSV UTF-8'"):
        read_marker_table(path)


def test_excels_line_for_the_separator_is_no_marker(tmp_path: Path) -> None:
    """It stands above the titles."""
    path = tmp_path / "markers.csv"
    path.write_text("sep=;\ncell type;gene\nB;CD79A\n")
    assert read_marker_table(path).types == (CellType("B", ("CD79A",)),)
