"""The models that others use, for ``cross_study.py``: reference and query in, labels out."""

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from scbaseline.scale import log_normalise

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
result = celltypist.annotate(query, model=model)
labels = [str(label) for label in result.predicted_labels["predicted_labels"]]
print(json.dumps([labels, result.probability_matrix.max(axis=1).tolist(), None]))
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
labels = [str(label) for label in result.column("best")]
print(json.dumps([labels, None, (-numpy.asarray(result.column("delta"), float)).tolist()]))
"""


@dataclass(frozen=True, eq=False)
class Called:
    """Labels of a query; probabilities if there are any; how strange each cell is."""

    labels_n: NDArray[np.str_]
    probability_n: NDArray[np.float64] | None
    strange_n: NDArray[np.float64]

    @classmethod
    def of(cls, labels: Iterable[Any], probability: Any, strange: Any = None) -> "Called":
        """Take 1 − probability for strangeness where a model has no score of its own."""
        probability_n = None if probability is None else np.asarray(probability, dtype=float)
        strange_n = 1 - probability_n if strange is None else np.asarray(strange, dtype=float)
        return cls(np.asarray(labels, dtype=str), probability_n, strange_n)


Predict = Callable[[AnnData, AnnData], Called]
"""From reference and query, which share their genes, to the query's labels."""


def shared_genes(reference: AnnData, query: AnnData) -> tuple[AnnData, AnnData]:
    """Return both with the genes that they share, by symbol, and that three cells show."""
    genes = reference.var_names.intersection(query.var_names)
    seen = np.asarray((reference[:, genes].X > 0).sum(axis=0)).ravel() >= 3
    return reference[:, genes[seen]].copy(), query[:, genes[seen]].copy()


def peers() -> dict[str, Predict]:
    """Return models of scikit-learn."""

    def learnt(make: Callable[[], Any], n_comps: int, reference: AnnData, query: AnnData) -> Called:
        x, y = log_values(reference), log_values(query)
        if n_comps:
            components = TruncatedSVD(n_comps, random_state=0).fit(x)
            x, y = components.transform(x), components.transform(y)
        model = make().fit(x, reference.obs[TYPE].to_numpy(str))
        if hasattr(model, "predict_proba"):
            return Called.of(model.predict(y), model.predict_proba(y).max(axis=1))
        return Called.of(model.predict(y), None, -model.decision_function(y).max(axis=1))

    return {
        "SVM *": partial(learnt, lambda: LinearSVC(random_state=0), 0),
        "logistic regression *": partial(learnt, lambda: LogisticRegression(max_iter=300), 0),
        "15 nearest neighbours *": partial(learnt, lambda: KNeighborsClassifier(15), 50),
    }


def log_values(cells: AnnData) -> Any:
    """Return log1p(counts per 10,000)."""
    total_n = np.asarray(cells.X.sum(axis=1), dtype=np.float64).ravel()
    return log_normalise(cells.X, total_n, target_sum=1e4)


def elsewhere(python: Path, code: str, reference: AnnData, query: AnnData) -> Called:
    """Run a model in an environment of its own."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / "reference.h5ad", Path(folder) / "query.h5ad"]
        for path, cells in zip(paths, (reference, query), strict=True):
            AnnData(cells.X, obs=cells.obs[[TYPE]], var=cells.var[[]]).write_h5ad(path)
        done = subprocess.run(
            [str(python), "-c", code, *map(str, paths)], check=True, capture_output=True, text=True
        )
    return Called.of(*json.loads(done.stdout.splitlines()[-1]))
