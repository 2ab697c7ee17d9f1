"""Prediction beside reading: from the path of an .h5ad to labels, in units of ``read_h5ad``.

``python benchmarks/predict_file.py PBMC3K.h5ad LABELS.csv [--cells 2700 50000] [--repeats 7]``:
a ``hvg-earlystop`` model of the labelled cells, and the ``robust`` model that comes with the
package, label the same cells: those of the file, drawn with replacement where more are asked
for. Ours opens the file, looks for damage, checks every name and every value, predicts, and
judges the whole query; ``anndata.read_h5ad`` only reads the file. Both run in one process with
one thread, in turn, and what counts is processor seconds; imports, loading the model and a
first call on 300 cells do not. ``--profile`` prints where our time went instead.
"""

import argparse
import cProfile
import json
import os
import pstats
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd

_COLUMN = "cell_type"


def main() -> None:
    """Train one model, write the files, time both on each; print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("labels", type=Path)
    parser.add_argument("--column", default="seurat_annotation")
    parser.add_argument("--cells", type=int, nargs="*", default=[2_700, 50_000])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--timed", nargs=3, help=argparse.SUPPRESS)  # model, first file, file
    arguments = parser.parse_args()
    if arguments.timed:
        timed(*arguments.timed, repeats=arguments.repeats, profile=arguments.profile)
        return
    one_thread = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    print(
        "| recipe | cells | predict, CPU-seconds | `read_h5ad`, CPU-seconds | predict ÷ "
        "`read_h5ad` |\n|---|---|---|---|---|",
        flush=True,
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        adata = labelled(arguments.file, arguments.labels, arguments.column)
        models = {"hvg-earlystop": str(folder / "ours.safetensors"), "robust (`pbmc`)": "pbmc"}
        train_on(adata, Path(models["hvg-earlystop"]))
        files = [write(adata, n, folder) for n in (300, *arguments.cells)]
        for recipe, model in models.items():
            for n_cells, file in zip(arguments.cells, files[1:], strict=True):
                command = [sys.executable, *sys.argv, "--timed", model, files[0], file]
                done = subprocess.run(
                    [*map(str, command)], check=True, stdout=subprocess.PIPE, env=one_thread
                )
                if arguments.profile:
                    print(recipe, n_cells, done.stdout.decode(), flush=True)
                    continue
                runs = json.loads(done.stdout.splitlines()[-1])
                ratios = [o / r for o, r in zip(runs["ours"], runs["read"], strict=True)]
                cells = [spread(values) for values in (runs["ours"], runs["read"], ratios)]
                print(f"| {recipe} | {n_cells:,} | {' | '.join(cells)} |", flush=True)


def timed(model: str, first: str, file: str, *, repeats: int, profile: bool) -> None:
    """Time our prediction and ``read_h5ad`` of a file in turn; print the seconds as JSON."""
    from scbaseline import Classifier

    warnings.simplefilter("ignore")
    classifier = Classifier.load(model)
    for _ in range(2):
        labels_of(classifier, first)
        anndata.read_h5ad(first)
    if profile:
        labels_of(classifier, file)  # brings the file into memory
        forget()
        marks = [time.process_time()]
        labels_of(classifier, file, marks)
        seconds = zip(("open", "check", "predict"), np.diff(marks), strict=True)
        print(", ".join(f"{name} {took:.3f} s" for name, took in seconds))
        forget()
        profiler = cProfile.Profile(time.process_time)
        profiler.runcall(labels_of, classifier, file)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(45)
        return
    calls: dict[str, Any] = {
        "ours": lambda: labels_of(classifier, file),
        "read": lambda: anndata.read_h5ad(file),
    }
    runs: dict[str, list[float]] = {name: [] for name in calls}
    for repeat in range(repeats + 1):  # the first brings the file into memory
        for name, call in calls.items():
            forget()
            start = time.process_time()
            result = call()
            runs[name] += [time.process_time() - start] if repeat else []
            del result
    print(json.dumps(runs))


def forget() -> None:
    """Forget what this package found out about names and texts in the turns before."""
    for name, module in list(sys.modules.items()):
        if name.startswith("scbaseline.data"):
            for value in vars(module).values():
                if hasattr(value, "cache_clear") and not isinstance(value, type):
                    value.cache_clear()


def labels_of(classifier: Any, path: str, marks: list[float] | None = None) -> Any:
    """Return a label for each cell of a file, checked and judged as ``scbaseline predict`` does.

    ``marks`` gets the processor's time after each of three stages.
    """
    marks = [] if marks is None else marks
    from scbaseline.data.options import ReadOptions
    from scbaseline.data.read import open_counts
    from scbaseline.data.stream import stream_counts
    from scbaseline.model.options import PredictOptions
    from scbaseline.model.query import predict_query

    with open_counts(path, ReadOptions()) as adata:
        marks.append(time.process_time())
        stream = stream_counts(adata, model_genes=classifier.card.genes)
        marks.append(time.process_time())
        table = predict_query(classifier, stream, PredictOptions()).table
        marks.append(time.process_time())
        return table


def labelled(file: Path, labels: Path, column: str) -> anndata.AnnData:
    """Return the cells of a file with their labels."""
    adata = anndata.read_h5ad(file)
    given = pd.read_csv(labels, index_col=0)[column]
    adata.obs[_COLUMN] = given.reindex(adata.obs_names).astype("category").to_numpy()
    return adata


def train_on(adata: anndata.AnnData, path: Path) -> None:
    """Train ``hvg-earlystop`` on the labelled cells, and save it."""
    from scbaseline import RunConfig, train

    config = RunConfig(label_key=_COLUMN, recipe=("hvg-earlystop",), threads=1)
    train(adata, config).classifier.save(path)


def write(adata: anndata.AnnData, n_cells: int, folder: Path) -> Path:
    """Write so many cells: the first, or drawn with replacement where there are too few."""
    enough = n_cells <= adata.n_obs
    rng = np.random.default_rng(0)
    rows = np.arange(n_cells) if enough else rng.integers(adata.n_obs, size=n_cells)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names of cells that are not unique yet
        query = adata[rows].copy()
    query.obs_names = [f"cell{i}" for i in range(n_cells)]
    path = folder / f"{n_cells}.h5ad"
    query.write_h5ad(path)
    return path


def spread(values: list[float]) -> str:
    """Show the median, the least and the most."""
    digits = 3 if max(values) < 1 else 2
    low, middle, high = np.quantile(values, [0, 0.5, 1])
    return f"{middle:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


if __name__ == "__main__":
    main()
