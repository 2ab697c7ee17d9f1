"""Which files a command may replace: those that scbaseline wrote, and no others."""

import json
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from conftest import simulate

from scbaseline.errors import OutputError
from scbaseline.report.ours import refuse_strangers_files
from scbaseline.report.predictions import write_predictions

STRANGERS = {
    "a.csv": b"cell_id,cell_type\nc1,B\n",
    "b.csv": b"",
    "a.csv.gz": b"\x1f\x8b\x08 not gzip after all",
    "a.tsv": b"cell_id\tpredicted_label\tnotes\nc1\tB\tmine\n",
    "latin.csv": b"cell_id,\xe9tat,x\n",
    "a.parquet": b"PAR1",
    "a.onnx": b"\x08\x08",
    "a.safetensors": b"\x02\x00\x00\x00\x00\x00\x00\x00{}",
    "metrics.json": b'{"accuracy": 0.9}',
    "audit.json": b"[1, 2]",
    "results.json": b'{"results": []}',
    "run.toml": b"[tool]\n",
    "methods.txt": b"We wrote this ourselves.\n",
    "qc.png": b"\x89PNG\r\n\x1a\n" + bytes(60),
    "page.html": b"<title>mine</title>",
    "page.htm": b"<title>mine</title>",
    "mine.xyz": b"cell_id,predicted_label,probability\n",
}


@pytest.mark.parametrize("name", STRANGERS)
def test_a_strangers_file_is_refused(name: str, tmp_path: Path) -> None:
    """Whatever is in it, under the name of an output; not with ``overwrite``."""
    (tmp_path / name).write_bytes(STRANGERS[name])
    with pytest.raises(OutputError, match=f"{name}: is there already.*--overwrite"):
        refuse_strangers_files([tmp_path / name], overwrite=False)
    refuse_strangers_files([tmp_path / name], overwrite=True)


def test_counts_that_we_read_are_not_our_output(tmp_path: Path) -> None:
    """A person's file that carries our note of where its counts come from is still theirs."""
    cells = simulate()
    assert "scbaseline" in cells.uns
    cells.write_h5ad(tmp_path / "cells.h5ad")
    with pytest.raises(OutputError, match="pass --overwrite"):
        refuse_strangers_files([tmp_path / "cells.h5ad"], overwrite=False)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_folder_under_a_files_name_is_refused(tmp_path: Path, *, overwrite: bool) -> None:
    """Before the work, not at its end."""
    (tmp_path / "cells.h5ad").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        refuse_strangers_files([tmp_path / "cells.h5ad"], overwrite=overwrite)


def test_what_is_not_there_or_no_file_may_be_written(tmp_path: Path) -> None:
    """Nothing is lost."""
    refuse_strangers_files([tmp_path / "new.csv", Path("-")], overwrite=False)


@pytest.mark.parametrize("key_added", [None, "second, or third"])
@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".tsv", ".tsv.gz", ".parquet", ".h5ad"])
def test_predictions_are_known_again(ending: str, key_added: str | None, tmp_path: Path) -> None:
    """In each format, under any name of their columns, with all labels' probabilities."""
    if ending == ".parquet":
        pytest.importorskip("pyarrow")
    query, out = tmp_path / "q.h5ad", tmp_path / f"p{ending}"
    anndata.AnnData(np.ones((2, 2)), obs=pd.DataFrame(index=["a", "b"])).write_h5ad(query)
    table = pd.DataFrame(
        {"predicted_label": ["B", None], "probability": [1, np.nan], "probability_B": [1, 0.5]},
        index=["a", "b"],
    )
    note = {"recipe": "hvg"}
    write_predictions([table], out, query=query, key_added=key_added, model=note)
    refuse_strangers_files([out], overwrite=False)


def test_a_list_of_other_scores_is_not_ours(tmp_path: Path) -> None:
    """Rows decide, not the word ``results``."""
    path = tmp_path / "metrics.json"
    path.write_text(json.dumps({"results": [{"auc": 1}]}))
    with pytest.raises(OutputError):
        refuse_strangers_files([path], overwrite=False)
