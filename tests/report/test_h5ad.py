"""The query's own .h5ad with predictions in obs, read again by anndata and h5py."""

import tracemalloc
from pathlib import Path
from typing import Any

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
from predicted import cut, query, read, table

from scbaseline import files, keys
from scbaseline.errors import InputError, OutputError
from scbaseline.report.predictions import check_predictions_output, write_predictions


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
    """Where a name is given, columns of that name give way in their place, whatever their type."""
    earlier = {"predicted_label": [1.5] * 7, "probability": pd.Categorical(["old"] * 7)}
    given = query(tmp_path / "in.h5ad", **earlier, last=[True] * 7)
    write_predictions(
        [table().iloc[:, :2]], tmp_path / "out.h5ad", query=given, key_added="predicted_label"
    )
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
    with pytest.raises(InputError, match="'mlp'; give the columns another name"):
        write_predictions([table()], tmp_path / "out.h5ad", query=given, key_added="mlp")


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


def test_columns_that_are_there_are_not_replaced_unasked(tmp_path: Path) -> None:
    """A second prediction without a name of its own is refused before any block is made."""
    given = query(tmp_path / "in.h5ad")
    write_predictions([table()], tmp_path / "once.h5ad", query=given)
    with pytest.raises(InputError, match=r"already has a column 'predicted_label'.*--key-added"):
        check_predictions_output(tmp_path / "twice.h5ad", query=tmp_path / "once.h5ad")


def test_a_column_of_one_label_is_not_replaced_unasked(tmp_path: Path) -> None:
    """A column of probabilities that the file holds is refused, too, and nothing is written."""
    given = query(tmp_path / "in.h5ad", **{"probability_B cell": [0.5] * 7})
    with pytest.raises(InputError, match=r"already has a column 'probability_B cell'"):
        write_predictions([table()], tmp_path / "out.h5ad", query=given)
    assert [path.name for path in tmp_path.iterdir()] == ["in.h5ad"]


def test_the_file_names_the_models(tmp_path: Path) -> None:
    """What each model is stands in uns, by the name of its column; a slash is none."""
    first, second = {"recipe": "pca", "sha256": "ab"}, {"recipe": "hvg", "sha256": "cd"}
    given = query(tmp_path / "in.h5ad")
    write_predictions([table()], tmp_path / "one.h5ad", query=given, model=first)
    write_predictions(
        [table()], tmp_path / "two.h5ad", query=tmp_path / "one.h5ad", key_added="a/b",
        model=second,
    )  # fmt: skip
    uns = anndata.read_h5ad(tmp_path / "two.h5ad").uns
    assert uns[keys.PREDICTIONS] == {"predicted_label": first, "a_b": second}
    assert uns["note"] == "kept"
