"""Predictions to write, and the file of the cells that they are of."""

from collections.abc import Iterator
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
from scipy import sparse

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
