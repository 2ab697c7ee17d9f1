"""Predictions as files, read again by pandas, pyarrow and anndata."""

import gzip
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd
import pyarrow.parquet
import pytest
from scipy import sparse

from scbaseline import files
from scbaseline.errors import ConfigError, DataNotFoundError, InputError, OutputError
from scbaseline.report.predictions import ENDINGS, check_predictions_output, write_predictions

IDS = ["=1+1", "+AAAC-1", "-AAAG-1", "@AAAT-1", 'a "b", c', "Zelle ü", "g\th"]
LABELS = ["T cell", None, "B cell", "T cell", None, "NK, bright", "T cell"]


def table(ids: list[str] = IDS) -> pd.DataFrame:
    """Return predictions of three labels; two cells have none."""
    rng = np.random.default_rng(0)
    labels = [LABELS[i % len(LABELS)] for i in range(len(ids))]
    empty = np.array([label is None for label in labels])
    values = {"probability": rng.random(len(ids), dtype=np.float32)}
    for label in ("T cell", "B cell", "NK, bright"):
        values[f"probability_{label}"] = rng.random(len(ids), dtype=np.float32)
    numbers = pd.DataFrame(values, index=pd.Index(ids, name="cell_id"))
    numbers[empty] = np.nan
    numbers.insert(0, "predicted_label", np.array(labels, dtype=object))
    return numbers


def cut(predicted: pd.DataFrame, size: int) -> Iterator[pd.DataFrame]:
    """Yield a table in blocks of some rows."""
    for start in range(0, len(predicted), size):
        yield predicted.iloc[start : start + size]


def failing(predicted: pd.DataFrame, error: Exception) -> Iterator[pd.DataFrame]:
    """Yield one block, then fail."""
    yield predicted.iloc[:3]
    raise error


def query(path: Path, ids: list[str] = IDS, **obs: object) -> Path:
    """Write an .h5ad with cells by these ids, in which every part holds something."""
    counts = sparse.random(len(ids), 20, 0.4, format="csr", dtype=np.float32, rng=1)
    adata = anndata.AnnData(
        counts,
        obs=pd.DataFrame({"batch": pd.Categorical(["x"] * len(ids)), **obs}, index=ids),
        layers={"counts": counts.toarray()},
        obsm={"X_pca": counts[:, :3].toarray()},
        uns={"note": "kept", "list": np.arange(4)},
    )
    adata.raw = adata
    adata.write_h5ad(path, compression="gzip")
    return path


def read(path: Path) -> pd.DataFrame:
    """Read a file of predictions with libraries that did not write it."""
    if path.suffix == ".parquet":
        return pd.read_parquet(path)
    if path.suffix == ".h5ad":
        obs = anndata.read_h5ad(path).obs.drop(columns="batch").rename_axis("cell_id")
        labels = obs["predicted_label"].astype(object)
        return obs.assign(predicted_label=labels.where(labels.notna(), None))
    separator = "\t" if ".tsv" in path.name else ","
    read = pd.read_csv(path, sep=separator, index_col=0, dtype={"cell_id": str})
    labels = read["predicted_label"]
    numbers = read.drop(columns="predicted_label").astype(np.float32)
    numbers.insert(0, "predicted_label", labels.where(labels.notna(), None))
    return numbers


def stored(path: Path) -> dict[str, Any]:
    """Return where every dataset outside obs lies in a file, and its bytes as they lie there."""
    found: dict[str, Any] = {}

    def note(name: str, item: object) -> None:
        if not isinstance(item, h5py.Dataset) or name.startswith("obs/"):
            return
        if item.chunks is None:
            found[name] = (item.id.get_offset(), item[()])
            return
        chunks = [item.id.get_chunk_info(i) for i in range(item.id.get_num_chunks())]
        found[name] = [
            (chunk.byte_offset, item.id.read_direct_chunk(chunk.chunk_offset)) for chunk in chunks
        ]

    with h5py.File(path) as file:
        file.visititems(note)
    return found


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


# --- the query's own file ---------------------------------------------------------------------


def test_nothing_but_obs_is_written(tmp_path: Path) -> None:
    """X, layers, obsm, raw and uns lie where they lay, with the bytes that they had."""
    given = query(tmp_path / "in.h5ad")
    write_predictions(cut(table(), 3), tmp_path / "out.h5ad", query=given)
    before, after = stored(given), stored(tmp_path / "out.h5ad")
    assert {"X/data", "layers/counts", "raw/X/data", "obsm/X_pca", "uns/list"} <= before.keys()
    np.testing.assert_equal(after, before)


def test_the_rest_reads_as_before(tmp_path: Path) -> None:
    """For anndata, the new file is the old one with columns more."""
    given = query(tmp_path / "in.h5ad")
    write_predictions(cut(table(), 3), tmp_path / "out.h5ad", query=given)
    before, after = anndata.read_h5ad(given), anndata.read_h5ad(tmp_path / "out.h5ad")
    assert after.obs.columns.tolist() == ["batch", *table().columns]
    pd.testing.assert_frame_equal(after.obs[["batch"]], before.obs)
    pd.testing.assert_frame_equal(after.var, before.var)
    for part in (lambda a: a.X, lambda a: a.raw.X):
        assert (part(after) != part(before)).nnz == 0
    for part in ("layers", "obsm", "uns"):
        np.testing.assert_equal(dict(getattr(after, part)), dict(getattr(before, part)))


def test_the_query_is_left_as_it_was(tmp_path: Path) -> None:
    """Not a byte of the input changes."""
    given = query(tmp_path / "in.h5ad")
    before = given.read_bytes()
    write_predictions([table()], tmp_path / "out.h5ad", query=given)
    assert given.read_bytes() == before


def test_labels_are_categories(tmp_path: Path) -> None:
    """As scanpy expects of labels; in the order of the alphabet."""
    given = query(tmp_path / "in.h5ad")
    write_predictions(cut(table(), 2), tmp_path / "out.h5ad", query=given)
    labels = anndata.read_h5ad(tmp_path / "out.h5ad").obs["predicted_label"]
    assert labels.cat.categories.tolist() == ["B cell", "NK, bright", "T cell"]


def test_columns_of_the_same_name_are_replaced(tmp_path: Path) -> None:
    """Earlier predictions, even of another type, give way in their place."""
    earlier = {"predicted_label": [1.5] * 7, "probability": pd.Categorical(["old"] * 7)}
    given = query(tmp_path / "in.h5ad", **earlier, last=[True] * 7)
    write_predictions([table().iloc[:, :2]], tmp_path / "out.h5ad", query=given)
    obs = anndata.read_h5ad(tmp_path / "out.h5ad").obs
    assert obs.columns.tolist() == ["batch", "predicted_label", "probability", "last"]
    np.testing.assert_array_equal(obs["probability"], table()["probability"])


def test_a_matrix_larger_than_memory_is_never_read(tmp_path: Path) -> None:
    """A matrix of 40 GB, of which only a part is stored, costs no memory."""
    ids = [f"cell{i}" for i in range(1000)]
    given = query(tmp_path / "in.h5ad", ids)
    with h5py.File(given, "r+") as file:
        del file["X"]
        file.create_dataset("X", shape=(1000, 10**7), chunks=(100, 1000), dtype=np.float32)
    tracemalloc.start()
    try:
        write_predictions(cut(table(ids), 100), tmp_path / "out.h5ad", query=given)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20e6


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


def test_a_slash_in_a_label_opens_no_folder(tmp_path: Path) -> None:
    """The column's name has none; the label itself keeps it."""
    predicted = table().iloc[:, :3].set_axis(
        ["predicted_label", "probability", "probability_T/NK"], axis=1
    ).assign(predicted_label="T/NK")  # fmt: skip
    given = query(tmp_path / "in.h5ad")
    write_predictions([predicted], tmp_path / "out.h5ad", query=given)
    obs = anndata.read_h5ad(tmp_path / "out.h5ad").obs
    assert obs["predicted_label"].tolist() == ["T/NK"] * 7
    np.testing.assert_array_equal(obs["probability_T_NK"], predicted["probability_T/NK"])


def test_labels_that_would_share_a_column_are_named(tmp_path: Path) -> None:
    """Without its slash a label can be called like another: then no column is lost in silence."""
    predicted = table().iloc[:, :4].set_axis(
        ["predicted_label", "probability", "probability_T/NK", "probability_T_NK"], axis=1
    )  # fmt: skip
    given = query(tmp_path / "in.h5ad")
    with pytest.raises(InputError, match=r"two labels would share .*'probability_T_NK'.*\.csv"):
        write_predictions([predicted], tmp_path / "out.h5ad", query=given)


@pytest.mark.parametrize("kind", ["numbers", "fixed length", "nullable", "named"])
def test_cell_ids_are_found_as_files_keep_them(tmp_path: Path, kind: str) -> None:
    """Ids of numbers, of fixed length, with a mask, or under a name are those cells' ids."""
    ids = [str(i) for i in range(10, 17)]
    given = query(tmp_path / "in.h5ad", ids)
    with h5py.File(given, "r+") as file:
        obs = file["obs"]
        del obs["_index"]
        if kind == "numbers":
            anndata.io.write_elem(obs, "_index", np.arange(10, 17))
        elif kind == "fixed length":
            obs["_index"] = np.array(ids, dtype="S2")
            obs["_index"].attrs.update({"encoding-type": "string-array"})
            obs["_index"].attrs.update({"encoding-version": "0.2.0"})
        elif kind == "nullable":
            with anndata.settings.override(allow_write_nullable_strings=True):
                anndata.io.write_elem(obs, "_index", pd.array(ids, dtype="string"))
        else:
            anndata.io.write_elem(obs, "barcode", np.array(ids, dtype=object))
            obs.attrs["_index"] = "barcode"
    write_predictions(cut(table(ids), 3), tmp_path / "out.h5ad", query=given)
    with h5py.File(tmp_path / "out.h5ad") as file:
        obs = anndata.io.read_elem(file["obs"])
    np.testing.assert_array_equal(obs["probability"], table(ids)["probability"])
    assert obs.index.astype(str).tolist() == ids


def _old_obs(path: Path, version: str) -> Path:
    """Bring obs into the form in which earlier versions of AnnData kept it."""
    with h5py.File(query(path), "r+") as file:
        ids = file["obs/_index"][()]
        del file["obs"]
        text = h5py.string_dtype()
        if version == "0.6":
            kind = np.dtype([("index", text), ("batch", np.int8)])
            file["obs"] = np.array([(name, 0) for name in ids], dtype=kind)
            return path
        obs = file.create_group("obs")
        obs.attrs.update({"encoding-type": "dataframe", "encoding-version": "0.1.0"})
        obs.attrs.update({"_index": "_index", "column-order": np.array(["batch"], dtype=text)})
        obs.create_dataset("_index", data=ids, dtype=text)
        obs["batch"] = np.zeros(len(ids), dtype=np.int8)
        obs["__categories/batch"] = np.array(["x"], dtype=text)
        obs["batch"].attrs["categories"] = obs["__categories/batch"].ref
    return path


def test_obs_of_anndata_0_7_is_taken(tmp_path: Path) -> None:
    """Its categories lie elsewhere; both they and ours are read again."""
    given = _old_obs(tmp_path / "in.h5ad", "0.7")
    write_predictions(cut(table(), 3), tmp_path / "out.h5ad", query=given)
    pd.testing.assert_frame_equal(read(tmp_path / "out.h5ad"), table(), check_exact=True)
    assert anndata.read_h5ad(tmp_path / "out.h5ad").obs["batch"].tolist() == ["x"] * 7


def test_obs_from_before_anndata_0_7_is_refused(tmp_path: Path) -> None:
    """It is one array, to which nothing can be added; the error says what to type."""
    given = _old_obs(tmp_path / "in.h5ad", "0.6")
    with pytest.raises(InputError, match=r"before AnnData 0\.7.*type --out .*out\.csv"):
        write_predictions([table()], tmp_path / "out.h5ad", query=given)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([0, 2, 1, 3, 4, 5, 6], r"cell 2 is '\+AAAC-1', and '-AAAG-1' was predicted there"),
        ([0, 1, 2, 3, 4], r"has 7 cells, of which 5 were predicted"),
        ([0, 1, 2, 3, 4, 5, 6, 0], r"has 7 cells, and more were predicted"),
    ],
    ids=["another order", "too few", "too many"],
)
def test_other_cells_than_the_files_are_refused(
    tmp_path: Path, rows: list[int], words: str
) -> None:
    """A label never lands on another cell; nothing is written."""
    given = query(tmp_path / "in.h5ad")
    with pytest.raises(InputError, match=words):
        write_predictions(cut(table().iloc[rows], 3), tmp_path / "out.h5ad", query=given)
    assert [path.name for path in tmp_path.iterdir()] == ["in.h5ad"]


def test_the_column_of_the_ids_is_not_overwritten(tmp_path: Path) -> None:
    """A file whose ids are called as a column of ours is refused."""
    given = query(tmp_path / "in.h5ad")
    adata = anndata.read_h5ad(given)
    adata.obs_names.name = "mlp"
    adata.write_h5ad(given)
    with pytest.raises(InputError, match="'mlp'; choose another key_added"):
        write_predictions([table()], tmp_path / "out.h5ad", query=given, key_added="mlp")


# --- what cannot be written -------------------------------------------------------------------


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


def test_a_full_disk_is_said_before_hdf5_meets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HDF5 would end the process; the error names the file, and nothing is left of it."""
    given = query(tmp_path / "in.h5ad")
    usage = files.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(files.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(OutputError, match=r"out\.h5ad: cannot be written \(No space left"):
        write_predictions([table()], tmp_path / "out.h5ad", query=given)
    assert [path.name for path in tmp_path.iterdir()] == ["in.h5ad"]


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


@pytest.mark.parametrize("given", [None, "cells.csv", "none.h5ad", "tenx.h5"])
def test_an_h5ad_needs_one_to_start_from(tmp_path: Path, given: str | None) -> None:
    """Of another input, what is to be typed instead is said."""
    (tmp_path / "cells.csv").write_text("cell,LYZ\na,1\n")
    with h5py.File(tmp_path / "tenx.h5", "w") as file:
        file.create_group("matrix")
    with pytest.raises(InputError, match=r"type --out .*out\.csv$"):
        check_predictions_output(
            tmp_path / "out.h5ad", query=None if given is None else tmp_path / given
        )


def test_a_cut_short_query_is_refused(tmp_path: Path) -> None:
    """It is the input that is said to be at fault, in one line."""
    given = query(tmp_path / "in.h5ad")
    given.write_bytes(given.read_bytes()[:-5000])
    with pytest.raises(InputError, match=r"in\.h5ad: cannot be read \([^\n]*\); get the file"):
        check_predictions_output(tmp_path / "out.h5ad", query=given)


def test_the_query_is_not_overwritten(tmp_path: Path) -> None:
    """An output that is the input is refused, as everywhere."""
    given = query(tmp_path / "in.h5ad")
    with pytest.raises(OutputError, match="is the input itself"):
        check_predictions_output(given, query=given)


@pytest.mark.parametrize("name", ["", ".", "..", "_index"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, name: str) -> None:
    """HDF5 and AnnData mean something else by these."""
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
