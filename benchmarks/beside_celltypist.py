"""Prediction beside CellTypist's ``annotate``: from the path of an .h5ad to labels.

``python benchmarks/beside_celltypist.py PBMC3K.h5ad LABELS.csv --celltypist ENV/bin/python
[--select] [--cells 2700 50000] [--repeats 3] [--models FOLDER]``. Both are trained on the labelled
cells of PBMC3k: CellTypist on counts per 10,000 and log1p, with all genes (its default) or with
the 300 per type that its feature selection chooses (``--select``), this package's
``hvg-earlystop`` on raw counts. Both then label the same cells, drawn from PBMC3k with
replacement where more are asked for; CellTypist's file holds the log-normalised values that it
asks for, ours raw counts. Each in a process of its own, one after the other: imports, loading the
model and a first call on 300 cells are not counted. ``--models`` keeps both models, and takes those
that it kept: CellTypist's training on all genes takes minutes. CellTypist needs an environment of
its own, with scikit-learn < 1.8:
``python -m venv ENV && ENV/bin/pip install celltypist==1.7.1 'scikit-learn<1.8'``.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import anndata
import numpy as np
import pandas as pd

from scbaseline import RunConfig, train

_COLUMN = "cell_type"
_TRAIN_THEIRS = """
import sys, warnings
warnings.simplefilter("ignore")
import anndata, celltypist
adata = anndata.read_h5ad(sys.argv[1])
celltypist.train(
    adata, labels="cell_type", feature_selection=sys.argv[3] == "True", top_genes=300, n_jobs=1
).write(sys.argv[2])
"""
_TIMED = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
{start}
labels_of(sys.argv[2])  # loads and compiles what it needs
cpu, wall = time.process_time(), time.perf_counter()
labels = labels_of(sys.argv[3])
cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps(dict(cpu=cpu, wall=wall, peak=peak, labels=[str(label) for label in labels])))
"""
_THEIRS = """
import celltypist
model = celltypist.Model.load(sys.argv[1])

def labels_of(path):
    return celltypist.annotate(path, model=model).predicted_labels["predicted_labels"]
"""
_OURS = """
import pandas as pd
from scbaseline import Classifier
from scbaseline.data.options import ReadOptions
from scbaseline.data.read import open_counts
from scbaseline.data.stream import stream_counts
model = Classifier.load(sys.argv[1])

def labels_of(path):
    with open_counts(path, ReadOptions()) as adata:
        blocks = list(model.predict_stream(stream_counts(adata, model_genes=model.card.genes)))
    return pd.concat(blocks)["predicted_label"]
"""


def main() -> None:
    """Train both, label the same cells with both in turn, print times and agreement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--celltypist", required=True, help="a Python that has CellTypist")
    parser.add_argument("--column", default="seurat_annotation")
    parser.add_argument("--select", action="store_true", help="CellTypist's feature selection")
    parser.add_argument("--cells", type=int, nargs="*", default=[2_700, 50_000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--models", type=Path, help="folder that keeps the trained models")
    arguments = parser.parse_args()
    adata = anndata.read_h5ad(arguments.file)
    labels = pd.read_csv(arguments.labels, index_col=0)[arguments.column]
    adata.obs[_COLUMN] = labels.reindex(adata.obs_names).astype("category").to_numpy()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kept = arguments.models or folder
        kept.mkdir(parents=True, exist_ok=True)
        models = train_both(adata, folder, kept, arguments)
        write_both(adata[:300], folder / "first")
        warnings.filterwarnings("ignore", message="Observation names are not unique")
        for n_cells in arguments.cells:
            rows = np.random.default_rng(0).integers(adata.n_obs, size=n_cells)
            query = adata[rows if n_cells > adata.n_obs else np.arange(n_cells)].copy()
            query.obs_names = [f"cell{i}" for i in range(n_cells)]
            write_both(query, folder / "query")
            compare(models, folder, arguments)


def train_both(
    adata: anndata.AnnData, folder: Path, kept: Path, arguments: argparse.Namespace
) -> dict[str, tuple[str, str, Path]]:
    """Train on the labelled cells; return each side's Python, code and model."""
    config = RunConfig(label_key=_COLUMN, recipe=("hvg-earlystop",), threads=1)
    ours, theirs = (kept / name for name in ("ours.safetensors", "theirs.pkl"))
    sides = {
        "scbaseline": (sys.executable, _OURS, ours),
        "CellTypist": (arguments.celltypist, _THEIRS, theirs),
    }
    if ours.exists() and theirs.exists():
        return sides
    train(adata, config).classifier.save(ours)
    known = adata[adata.obs[_COLUMN].notna()].copy()
    known = known[:, np.asarray((known.X > 0).sum(axis=0)).ravel() >= 3].copy()
    write_both(known, folder / "train")
    command = [arguments.celltypist, "-P", "-c", _TRAIN_THEIRS, folder / "train-CellTypist.h5ad"]
    command += [theirs, str(arguments.select)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return sides


def write_both(adata: anndata.AnnData, stem: Path) -> None:
    """Write raw counts for this package, log-normalised values for CellTypist."""
    adata = adata.copy()
    adata.write_h5ad(f"{stem}-scbaseline.h5ad")
    per_row = np.diff(adata.X.indptr)
    totals_n = np.maximum(np.asarray(adata.X.sum(axis=1)).ravel(), 1)
    adata.X.data = np.log1p(adata.X.data * np.repeat(1e4 / totals_n, per_row)).astype(np.float32)
    adata.write_h5ad(f"{stem}-CellTypist.h5ad")


def compare(
    models: dict[str, tuple[str, str, Path]], folder: Path, arguments: argparse.Namespace
) -> None:
    """Label the query with both in turn; print seconds, their ratio, and how far they agree."""
    one_thread = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    runs_of: dict[str, list[dict]] = {name: [] for name in models}
    for _ in range(arguments.repeats):
        for name, (python, code, model) in models.items():
            files = [folder / f"{what}-{name}.h5ad" for what in ("first", "query")]
            command = [python, "-P", "-c", _TIMED.format(start=code), model, *files]
            done = subprocess.run(command, check=True, capture_output=True, env=one_thread)
            runs_of[name].append(json.loads(done.stdout.splitlines()[-1]))
    n_cells = len(runs_of["scbaseline"][0]["labels"])
    print(f"{n_cells:,} cells, {arguments.repeats} runs each, one thread")
    for name, runs in runs_of.items():
        shown = [spread([run[key] for run in runs]) for key in ("wall", "cpu", "peak")]
        print(f"{name:11} {shown[0]} s, {shown[1]} CPU-seconds, peak {shown[2]} GiB")
    ratios = [t["cpu"] / o["cpu"] for o, t in zip(*runs_of.values(), strict=True)]
    ours, theirs = (np.array(runs[0]["labels"]) for runs in runs_of.values())
    print(
        f"CellTypist / scbaseline, CPU-seconds: {spread(ratios)}; "
        f"{(ours == theirs).mean():.3f} of the cells have the same label",
        flush=True,
    )


def spread(values: list[float]) -> str:
    """Show the median, the least and the most."""
    return f"{np.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"


if __name__ == "__main__":
    main()
