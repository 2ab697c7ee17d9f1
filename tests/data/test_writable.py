"""Whatever pandas holds in obs can be written, or is refused by name before any work."""

from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from conftest import SMALL
from hypothesis import given
from hypothesis import strategies as st
from made_forms import simulated

from scbaseline import check_counts, run
from scbaseline.data.stream import stream_counts
from scbaseline.data.writable import writable_table
from scbaseline.errors import InputError

N = 4
COLUMNS: dict[str, object] = {
    "nullable boolean": pd.array([True, None, False, True], dtype="boolean"),
    "objects of True and False": np.array([True, None, False, True], dtype=object),
    "nullable integer": pd.array([1, None, 2, 3], dtype="Int64"),
    "nullable float": pd.array([1.5, None, 2, 3], dtype="Float64"),
    "strings": pd.array(["a", "b", "c", "d"], dtype="string"),
    "strings with gaps": pd.array(["a", None, "c", "d"], dtype="string"),
    "strings of Arrow": pd.array(["a", None, "c", "d"], dtype="string[pyarrow]"),
    "integers of Arrow": pd.array([1, None, 2, 3], dtype="int64[pyarrow]"),
    "texts with gaps": np.array(["a", None, "b", np.nan], dtype=object),
    "texts and numbers": np.array(["a", 1, 2.5, None], dtype=object),
    "objects of numbers": np.array([1, None, 2, 3], dtype=object),
    "huge numbers": np.array([10**30, 1, 2, 3], dtype=object),
    "dates": pd.to_datetime(["2020-01-01"] * N),
    "durations": pd.to_timedelta([1, 2, 3, 4], unit="s"),
    "periods": pd.period_range("2020", periods=N, freq="D"),
    "intervals": pd.cut([1, 2, 3, 4], 2),
    "categories of numbers": pd.Categorical([1, 2, 1, 2]),
    "categories of two kinds": pd.Categorical(["a", 2, "a", 2]),
    "categories of dates": pd.Categorical(pd.to_datetime(["2020-01-01"] * N)),
    "lists": pd.Series([[1], [2], [3], [4]]).to_numpy(),
    "zero bytes": np.array(["a\0b"] * N, dtype=object),
    "half letters": np.array(["a\udc80"] * N, dtype=object),
    "bytes": np.array([b"a"] * N, dtype=object),
    "nothing": np.array([None] * N, dtype=object),
    "sparse": pd.arrays.SparseArray([0, 0, 1, 2]),
}
NAMES = ["", ".", "..", "/abs", "_index", 5, ("a", "b"), "a\0b", "name of the index"]


def _round_trip(obs: pd.DataFrame, path: Path) -> pd.DataFrame:
    adata = anndata.AnnData(np.ones((len(obs), 2), dtype=np.float32), obs=obs)
    adata.write_h5ad(path)
    return anndata.read_h5ad(path).obs


@pytest.mark.parametrize("column", COLUMNS.values(), ids=COLUMNS)
def test_any_column_can_be_written_and_gaps_stay_gaps(tmp_path: Path, column: object) -> None:
    """Its values come back as the texts, numbers or gaps that they were."""
    given_obs = pd.DataFrame({"x": column}, index=[f"cell{i}" for i in range(N)])
    written, _ = writable_table(given_obs, what="obs")
    read = _round_trip(written, tmp_path / "x.h5ad")
    np.testing.assert_array_equal(read["x"].isna(), given_obs["x"].isna())
    assert read.index.tolist() == given_obs.index.tolist()


def test_plain_columns_are_left_as_they_are() -> None:
    """Numbers, texts and categories keep their values and types, and nothing is said."""
    obs = simulated().obs.assign(
        n=1, score=0.5, kind=pd.Categorical(["a", "b"] * 250), good=True, text="x"
    )
    written, notes = writable_table(obs, what="obs")
    pd.testing.assert_frame_equal(written, obs)
    assert notes == []


def test_true_and_false_with_gaps_stay_true_and_false(tmp_path: Path) -> None:
    """As a nullable boolean, not as text."""
    column = COLUMNS["objects of True and False"]
    written, notes = writable_table(pd.DataFrame({"x": column}), what="obs")
    assert _round_trip(written, tmp_path / "x.h5ad")["x"].tolist() == [True, pd.NA, False, True]
    assert notes == []


@pytest.mark.parametrize("name", NAMES, ids=map(repr, NAMES))
def test_any_name_can_be_written(tmp_path: Path, name: object) -> None:
    """A name that files use otherwise is changed; what it was is said, or was no text."""
    obs = pd.DataFrame({name: range(N)}, index=pd.Index([f"c{i}" for i in range(N)]))
    obs.index.name = "name of the index"
    written, notes = writable_table(obs, what="obs")
    assert _round_trip(written, tmp_path / "x.h5ad").iloc[:, 0].tolist() == [0, 1, 2, 3]
    assert len(notes) == (name in NAMES[:5] or name == "a\0b")


def test_a_changed_name_never_hides_another() -> None:
    """Where the new name is taken, it gets a number."""
    obs = pd.DataFrame([[1, 2]], columns=["_index", "index"], index=["c"])
    written, _ = writable_table(obs, what="obs")
    assert written.iloc[0].to_dict() == {"index_2": 1, "index": 2}


@given(st.lists(st.text(max_size=4), min_size=1, max_size=6, unique=True))
def test_any_names_stay_apart(names: list[str]) -> None:
    """As many columns come out as go in, each under its own name."""
    obs = pd.DataFrame([range(len(names))], columns=names, index=["c"])
    written, _ = writable_table(obs, what="obs")
    assert written.columns.is_unique
    assert written.iloc[0].tolist() == list(range(len(names)))


@pytest.mark.parametrize("slot", ["obs", "var"])
@pytest.mark.parametrize("use", [check_counts, stream_counts, lambda adata: run(adata, SMALL)])
def test_two_columns_of_one_name_are_refused(slot: str, use: object) -> None:
    """By their name, in every way in from Python."""
    adata = simulated()
    table = getattr(adata, slot)
    setattr(adata, slot, pd.concat([table, table], axis=1))
    with pytest.raises(InputError, match=f"{slot} has two columns '{table.columns[0]}'; drop one"):
        use(adata)  # type: ignore[operator]


def test_what_had_to_change_is_noted() -> None:
    """The provenance of checked counts says it, as it says what else was done."""
    adata = simulated()
    adata.obs["_index"] = 1
    adata.obs["day"] = pd.to_datetime("2020-01-01")
    notes = check_counts(adata).uns["scbaseline"]["notes"]
    assert "'_index' is called 'index'" in notes
    assert "obs['day'] holds datetime64" in notes
