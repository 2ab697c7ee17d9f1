"""Every direction between three studies of blood: our recipes beside models that others use.

``python benchmarks/cross_study.py DATA [--celltypist ENV/bin/python] [--singler ENV/bin/python]``
prints one table of accuracy / macro-F1. DATA holds pbmc3k/ (counts, labels.csv), the two other
studies' .h5ad files, and coarse_labels.toml, which brings each study's labels to common types.
A query is given with all of its genes, and with its own 1,500 most variable genes only. Its cells
of types that the reference lacks are left out.

Our recipes are trained once per reference, with genes of their own. The others learn anew for each
query, from the genes that it shares with the reference: a linear SVM and logistic regression on
log1p(counts per 10,000), 15 nearest neighbours on 50 components of it, CellTypist and SingleR.
These two need environments of their own: ``celltypist==1.7.1 'scikit-learn<1.8'``, and
``singler anndata``.
"""

import argparse
import json
import subprocess
import tempfile
import tomllib
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from anndata import AnnData
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, f1_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from scbaseline import Counts, RunConfig, check_counts, fit_feature_space, read_counts, train
from scbaseline.data.options import ReadOptions
from scbaseline.scale import log_normalise

RECIPES = ("robust", "logistic", "linear-svm")
PANEL_GENES = 1500
TYPE = "type"

CELLTYPIST = """
import json, sys, warnings
warnings.simplefilter("ignore")
import anndata, celltypist, scanpy
reference, query = (anndata.read_h5ad(path) for path in sys.argv[1:])
for adata in (reference, query):
    scanpy.pp.normalize_total(adata, target_sum=1e4)
    scanpy.pp.log1p(adata)
model = celltypist.train(reference, labels="type", n_jobs=1, check_expression=False)
labels = celltypist.annotate(query, model=model).predicted_labels["predicted_labels"]
print(json.dumps([str(label) for label in labels]))
"""
SINGLER = """
import json, sys
import anndata, numpy, singler
reference, query = (anndata.read_h5ad(path) for path in sys.argv[1:])
for adata in (reference, query):
    adata.X = adata.X.multiply(1e4 / numpy.maximum(adata.X.sum(axis=1), 1)).tocsr()
    adata.X.data = numpy.log1p(adata.X.data)
result = singler.annotate_single(
    query.X.T.tocsc(), reference.X.T.tocsc(), reference.obs["type"].astype(str).tolist(),
    test_features=query.var_names.tolist(), ref_features=reference.var_names.tolist(),
)
print(json.dumps([str(label) for label in result.column("best")]))
"""


@dataclass(frozen=True, eq=False)
class Study:
    """One study: its name, and its cells with a common type in ``obs["type"]``."""

    name: str
    cells: AnnData


def main() -> None:
    """Train on each study, label each other one, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--celltypist", type=Path, help="the Python of its environment")
    parser.add_argument("--singler", type=Path, help="the Python of its environment")
    parser.add_argument("--recipes", nargs="+", default=RECIPES)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    warnings.simplefilter("ignore")  # of genes that a panel lacks
    others = _others()
    for name, python, code in (
        ("CellTypist", given.celltypist, CELLTYPIST),
        ("SingleR", given.singler, SINGLER),
    ):
        if python is None:
            print(f"{name}: left out; name the Python of its environment")
        else:
            others[name] = lambda a, b, python=python, code=code: _elsewhere(python, code, a, b)
    studies = load_studies(given.data)
    panels = {study.name: _most_variable(study) for study in studies}
    scores: dict[str, dict[tuple[str, bool], tuple[float, float]]] = {}
    for reference in studies:
        config = RunConfig(label_key=TYPE, min_genes=1, folds=2, seed=given.seed, threads=1)
        ours = {
            recipe: train(reference.cells, _named(config, recipe)).classifier
            for recipe in given.recipes
        }
        known = set(reference.cells.obs[TYPE])
        for query in (study for study in studies if study is not reference):
            for is_panel in (False, True):
                cells = panels[query.name] if is_panel else query.cells
                cells = cells[cells.obs[TYPE].isin(known)].copy()
                predicted = {
                    recipe: model.predict(cells, force=True)["predicted_label"].to_numpy(str)
                    for recipe, model in ours.items()
                }
                shared = _shared(reference.cells, cells)
                predicted |= {name: predict(*shared) for name, predict in others.items()}
                direction = f"{reference.name} → {query.name}", is_panel
                print(f"{direction[0]}{', panel' * is_panel}: {len(cells):,} cells", flush=True)
                for name, labels_n in predicted.items():
                    score = _score(cells.obs[TYPE].to_numpy(str), labels_n)
                    scores.setdefault(name, {})[direction] = score
    _print_table(scores)


def load_studies(data: Path) -> list[Study]:
    """Return the three studies; cells without a common type are left out."""
    coarse = tomllib.loads((data / "coarse_labels.toml").read_text())
    studies = []
    for name, file, table, key in (
        ("3k", "pbmc3k/pbmc3k_raw.h5ad", "pbmc3k", "seurat_annotation"),
        ("Zheng", "zheng2017_sorted_fasttopics.h5ad", "zheng2017_sorted_fasttopics", "cell_type"),
        ("4k", "pbmc4k_half_soupx.h5ad", "pbmc4k_half_soupx", "cell_type_scvi_seurat"),
    ):
        beside = ReadOptions(obs=data / "pbmc3k/labels.csv") if name == "3k" else ReadOptions()
        cells = check_counts(read_counts(data / file, beside))
        type_n = cells.obs[key].astype(str).map(coarse[table][key])
        print(f"{name}: {type_n.notna().sum():,} of {len(type_n):,} cells have a common type")
        slim = AnnData(cells.X, obs=pd.DataFrame({TYPE: type_n}), var=cells.var)
        studies.append(Study(name, slim[type_n.notna().to_numpy()].copy()))
    return studies


def _named(config: RunConfig, recipe: str) -> RunConfig:
    return RunConfig(**{**config.to_dict(), "recipe": (recipe,)})


def _most_variable(study: Study) -> AnnData:
    """Return a study with its own most variable genes only, as a panel would have them."""
    counts = Counts.from_anndata(check_counts(study.cells))
    space = fit_feature_space(counts, RunConfig(n_top_genes=PANEL_GENES))
    return study.cells[:, space.genes_g].copy()


def _shared(reference: AnnData, query: AnnData) -> tuple[AnnData, AnnData]:
    """Return both with the genes that they share, by symbol, and that three cells show."""
    genes = reference.var_names.intersection(query.var_names)
    seen = np.asarray((reference[:, genes].X > 0).sum(axis=0)).ravel() >= 3
    return reference[:, genes[seen]].copy(), query[:, genes[seen]].copy()


def _others() -> dict[str, Callable[[AnnData, AnnData], NDArray[np.str_]]]:
    """Return models of scikit-learn: from reference and query to the query's labels."""

    def learnt(model: Any, n_comps: int = 0) -> Callable[[AnnData, AnnData], NDArray[np.str_]]:
        def predict(reference: AnnData, query: AnnData) -> NDArray[np.str_]:
            x, y = _log(reference), _log(query)
            if n_comps:
                components = TruncatedSVD(n_comps, random_state=0).fit(x)
                x, y = components.transform(x), components.transform(y)
            return model.fit(x, reference.obs[TYPE].to_numpy(str)).predict(y).astype(str)

        return predict

    return {
        "SVM, shared genes": learnt(LinearSVC(random_state=0)),
        "logistic regression, shared genes": learnt(LogisticRegression(max_iter=300)),
        "15 nearest neighbours, shared genes": learnt(KNeighborsClassifier(15), n_comps=50),
    }


def _log(cells: AnnData) -> Any:
    total_n = np.asarray(cells.X.sum(axis=1), dtype=np.float64).ravel()
    return log_normalise(cells.X, total_n, target_sum=1e4)


def _elsewhere(python: Path, code: str, reference: AnnData, query: AnnData) -> NDArray[np.str_]:
    """Run a model in an environment of its own."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / "reference.h5ad", Path(folder) / "query.h5ad"]
        for path, cells in zip(paths, (reference, query), strict=True):
            AnnData(cells.X, obs=cells.obs[[TYPE]], var=cells.var[[]]).write_h5ad(path)
        done = subprocess.run(
            [str(python), "-c", code, *map(str, paths)], check=True, capture_output=True, text=True
        )
    return np.array(json.loads(done.stdout.splitlines()[-1]), dtype=str)


def _score(true_n: NDArray[np.str_], predicted_n: NDArray[np.str_]) -> tuple[float, float]:
    labels = sorted(set(true_n))
    f1 = f1_score(true_n, predicted_n, labels=labels, average="macro", zero_division=0)
    return float(accuracy_score(true_n, predicted_n)), float(f1)


def _print_table(scores: dict[str, dict[tuple[str, bool], tuple[float, float]]]) -> None:
    """Print accuracy / macro-F1: a row per model, the means first."""
    directions = list(next(iter(scores.values())))
    for is_panel in (False, True):
        columns = [direction for direction in directions if direction[1] == is_panel]
        title = f"panels of {PANEL_GENES:,} genes" if is_panel else "all genes"
        _print_row([title, "mean", *(name for name, _ in columns)])
        _print_row(["---"] * (len(columns) + 2))
        for model, by_direction in scores.items():
            cells = [by_direction[column] for column in columns]
            mean = tuple(np.mean(cells, axis=0))
            _print_row([model, *(f"{a:.3f} / {f1:.3f}" for a, f1 in (mean, *cells))])
        print()


def _print_row(cells: Iterable[str]) -> None:
    print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
