"""Predictions as files, read again by pandas, pyarrow and anndata."""

import gzip
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from predicted import cut, failing, query, read, table

from scbaseline.errors import ConfigError, DataNotFoundError, InputError, OutputError
from scbaseline.report.predictions import ENDINGS, check_predictions_output, write_predictions


@pytest.mark.parametrize("size", [1, 3, 100])
@pytest.mark.parametrize("ending", ENDINGS)
def test_every_format_holds_the_same_table(tmp_path: Path, ending: str, size: int) -> None:
    """Ids, labels, gaps, names and numbers come back to the bit, whatever the blocks."""
    given = query(tmp_path / "in.h5ad")
    out = tmp_path / f"out{ending}"
    write_predictions(cut(table(), size), out, query=given)
    pd.testing.assert_frame_equal(read(out), table(), check_exact=True)


@pytest.mark.parametrize("ending", ENDINGS)
def test_labels_are_counted(tmp_path: Path, ending: str) -> None:
    """The most frequent label comes first, equal ones by name; cells without one are left out."""
    given = query(tmp_path / "in.h5ad")
    counted = write_predictions(cut(table(), 2), tmp_path / f"out{ending}", query=given)
    assert list(counted.items()) == [("T cell", 3), ("B cell", 1), ("NK, bright", 1)]


@pytest.mark.parametrize("ending", [".csv", ".tsv.gz", ".parquet"])
def test_a_table_needs_no_file_of_cells(tmp_path: Path, ending: str) -> None:
    """Predictions of a data set that is known by name have no query to look at."""
    write_predictions(cut(table(), 3), tmp_path / f"out{ending}")
    pd.testing.assert_frame_equal(read(tmp_path / f"out{ending}"), table())


def test_a_tsv_is_cut_by_tabs(tmp_path: Path) -> None:
    """A header of tab-separated names, in the order of the blocks."""
    write_predictions([table()], tmp_path / "out.tsv")
    first = (tmp_path / "out.tsv").read_text(encoding="utf-8").splitlines()[0]
    assert first.split("\t") == ["cell_id", *table().columns]


def test_a_gzipped_table_is_the_plain_one(tmp_path: Path) -> None:
    """Unpacked, its bytes are those of the file that is not gzipped."""
    for name in ("out.csv", "out.csv.gz"):
        write_predictions(cut(table(), 2), tmp_path / name)
    assert gzip.decompress((tmp_path / "out.csv.gz").read_bytes()) == (
        (tmp_path / "out.csv").read_bytes()
    )


def test_equal_predictions_give_equal_gzip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No clock stands in the file."""
    for second in (1, 2):
        monkeypatch.setattr("time.time", lambda second=second: float(second))
        write_predictions([table()], tmp_path / f"{second}.csv.gz")
    assert (tmp_path / "1.csv.gz").read_bytes() == (tmp_path / "2.csv.gz").read_bytes()


def test_parquet_has_plain_types(tmp_path: Path) -> None:
    """Readers other than pandas see texts and 32-bit numbers."""
    write_predictions(cut(table(), 2), tmp_path / "out.parquet")
    schema = pyarrow.parquet.read_schema(tmp_path / "out.parquet")
    assert [str(field.type) for field in schema] == ["string", "string", *["float"] * 4]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_label_may_be_missing_from_every_cell(tmp_path: Path, ending: str) -> None:
    """Cells without any count get a row each, and no label."""
    predicted = table().assign(predicted_label=None)
    given = query(tmp_path / "in.h5ad")
    out = tmp_path / f"out{ending}"
    assert write_predictions(cut(predicted, 3), out, query=given) == {}
    assert read(out)["predicted_label"].isna().all()


@pytest.mark.parametrize("ending", ENDINGS)
def test_columns_can_stand_beside_others(tmp_path: Path, ending: str) -> None:
    """``key_added`` names the label's column and begins the names of the others."""
    given = query(tmp_path / "in.h5ad")
    out = tmp_path / f"out{ending}"
    write_predictions([table().iloc[:, :2]], out, query=given, key_added="mlp")
    columns = anndata.read_h5ad(out).obs if ending == ".h5ad" else None
    if columns is None:
        columns = (
            pd.read_parquet(out)
            if ending == ".parquet"
            else pd.read_csv(out, sep="\t" if "tsv" in ending else ",", index_col=0)
        )
    assert list(columns)[-2:] == ["mlp", "mlp_probability"]


@pytest.mark.parametrize(
    "error",
    [InputError("in.h5ad: a bad row"), DataNotFoundError("gone"), OSError(5, "read failed")],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_failure_midway_leaves_the_old_file(
    tmp_path: Path, ending: str, error: Exception
) -> None:
    """What the blocks raise arrives as it is, not as an error of writing; nothing else is left."""
    given = query(tmp_path / "in.h5ad")
    out = tmp_path / f"out{ending}"
    out.write_text("old")
    with pytest.raises(type(error)) as raised:
        write_predictions(failing(table(), error), out, query=given)
    assert raised.value is error
    assert out.read_text() == "old"
    assert {path.name for path in tmp_path.iterdir()} == {"in.h5ad", out.name}


def test_what_a_writer_cannot_do_is_said_of_the_output(tmp_path: Path) -> None:
    """A library's own error is not left to whoever has the input open."""
    blocks = [table(), table().assign(probability="many")]
    with pytest.raises(OutputError, match=r"out.parquet: cannot be written \("):
        write_predictions(blocks, tmp_path / "out.parquet")


def test_without_pyarrow_the_command_to_type_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an extra that need not be installed."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(OutputError, match="pip install pyarrow"):
        check_predictions_output(tmp_path / "out.parquet")


@pytest.mark.parametrize("name", ["out", "out.xlsx", "out.gz", "out.h5"])
def test_an_unknown_ending_lists_those_that_are_known(tmp_path: Path, name: str) -> None:
    """The error names every ending, and one to type."""
    with pytest.raises(ConfigError) as raised:
        check_predictions_output(tmp_path / name)
    assert all(ending in str(raised.value) for ending in ENDINGS)
    assert str(raised.value).endswith(f"type --out {tmp_path / name}.csv")


def test_the_query_is_not_overwritten(tmp_path: Path) -> None:
    """An output that is the input is refused, as everywhere."""
    given = query(tmp_path / "in.h5ad")
    with pytest.raises(OutputError, match="is the input itself"):
        check_predictions_output(given, query=given)


@pytest.mark.parametrize("name", ["", ".", "..", "_index", "cell_id"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    """HDF5 and AnnData mean something else by these; the last is the cells' own."""
    with pytest.raises(ConfigError, match="can name no column"):
        check_predictions_output(tmp_path / "out.csv", key_added=name)


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        ([], "there are none"),
        ([table().iloc[:, 1:]], "must begin with predicted_label, probability"),
        ([table(), table().iloc[:, :2]], "the columns change"),
    ],
    ids=["none", "no label", "other columns"],
)
@pytest.mark.parametrize("ending", ENDINGS)
def test_blocks_that_do_not_fit_together_are_refused(
    tmp_path: Path, ending: str, blocks: list[pd.DataFrame], words: str
) -> None:
    """No file with columns that slip from block to block."""
    given = query(tmp_path / "in.h5ad")
    with pytest.raises(InputError, match=words):
        write_predictions(blocks, tmp_path / f"out{ending}", query=given)
    assert [path.name for path in tmp_path.iterdir()] == ["in.h5ad"]


def test_no_cells_give_an_empty_table(tmp_path: Path) -> None:
    """A block of no cells writes the header alone."""
    write_predictions([table().iloc[:0]], tmp_path / "out.csv")
    assert (tmp_path / "out.csv").read_text().count("\n") == 1


def _peak(given: Path, out: Path, *, n_cells: int, n_labels: int) -> int:
    """Return the most bytes that are held while cells without a label are written."""
    size, names = 250, ["probability", *(f"probability_{i}" for i in range(n_labels))]

    def blocks() -> Iterator[pd.DataFrame]:
        for start in range(0, n_cells, size):
            ids = [f"cell{i}" for i in range(start, start + size)]
            block = pd.DataFrame(np.float32(1), columns=names, index=ids, dtype=np.float32)
            block.insert(0, "predicted_label", None)
            yield block

    query(given, [f"cell{i}" for i in range(n_cells)])
    tracemalloc.start()
    try:
        write_predictions(blocks(), out, query=given)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("ending", [".csv", ".parquet", ".h5ad"])
def test_memory_is_that_of_a_block(tmp_path: Path, ending: str) -> None:
    """Six times as many cells need but a few bytes more for each, not those of every column."""
    given, out = tmp_path / "in.h5ad", tmp_path / f"out{ending}"
    _peak(given, out, n_cells=250, n_labels=40)  # loads what is loaded once
    few = _peak(given, out, n_cells=1_000, n_labels=40)
    many = _peak(given, out, n_cells=6_000, n_labels=40)
    assert many - few < 0.25 * 5_000 * 40 * 4
