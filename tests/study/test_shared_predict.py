"""Claims about predictions by several ranks: they are those of one process, to the last digit."""

import dataclasses
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from conftest import SMALL, simulate
from scipy import sparse
from thread_ranks import on_ranks

import scbaseline as sb
from scbaseline import Classifier
from scbaseline.data.read import open_counts
from scbaseline.data.stream import stream_counts
from scbaseline.errors import InputError
from scbaseline.ranks import ALONE, Ranks

N_CELLS = 9000  # three blocks of cells, the last one smaller
SETTINGS = {"label_key": "cell_type", "folds": 2, "n_bootstrap": 100}


@pytest.fixture(scope="module", params=["robust", "nearest-centroid"])
def classifier(request: pytest.FixtureRequest) -> Classifier:
    """Return a model with an unknown score, and one without."""
    return sb.train(simulate(), SMALL, recipe=request.param, **SETTINGS).classifier


def counts(adata: AnnData) -> AnnData:
    """Return raw counts, of which the first cell has none."""
    adata.X = sparse.vstack([sparse.csr_matrix((1, adata.n_vars)), adata.X[1:]], format="csr")
    return adata


def dense(adata: AnnData) -> AnnData:
    """Return a matrix with its zeros."""
    adata.X = adata.X.toarray()
    return adata


def proteins(adata: AnnData) -> AnnData:
    """Return counts with a feature that is no gene."""
    adata.var["feature_types"] = ["Antibody Capture"] + ["Gene Expression"] * (adata.n_vars - 1)
    return adata


def logarithms(adata: AnnData) -> AnnData:
    """Return what counts come back from, by the totals in obs."""
    totals_n = adata.obs["total_counts"].to_numpy()
    adata.X = sparse.csr_matrix(adata.X.multiply(1e4 / totals_n[:, None]), dtype=np.float32)
    adata.X.data = np.log1p(adata.X.data)
    return adata


def few_genes(adata: AnnData) -> AnnData:
    """Return a query that lacks half of the genes."""
    return adata[:, ::2].copy()


def others(adata: AnnData) -> AnnData:
    """Return a query whose second half is of no known type."""
    x_ng = adata.X.toarray()
    x_ng[N_CELLS // 2 :] = x_ng[N_CELLS // 2 :, ::-1]
    adata.X = sparse.csr_matrix(x_ng)
    return adata


def predicted(adata: AnnData, classifier: Classifier, **options: Any) -> Callable[[Ranks], Any]:
    """Return what each rank is to do: predict a query."""

    def work(ranks: Ranks) -> sb.Predictions:
        return sb.predict(adata, classifier, ranks=ranks, **options)

    return work


@pytest.mark.parametrize(
    ("change", "n_ranks"),
    [(counts, 2), (dense, 4), (proteins, 4), (logarithms, 4), (few_genes, 2), (others, 4)],
)
def test_ranks_predict_what_one_process_does(
    change: Callable[[AnnData], AnnData], n_ranks: int, classifier: Classifier
) -> None:
    """Labels, probabilities, scores, sets and doubt, also where a rank has no cell."""
    query = change(simulate(n_cells=N_CELLS, seed=1))
    work = predicted(query, classifier, force=True, probabilities=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        alone, of_ranks = work(ALONE), on_ranks(work, n_ranks)
    assert len(alone.table) == N_CELLS
    for shared in of_ranks:
        pd.testing.assert_frame_equal(shared.table, alone.table, check_exact=True)
        assert shared.doubt == alone.doubt
        assert shared.coverage == alone.coverage


def test_what_looks_at_neighbours_and_samples_is_the_same(
    classifier: Classifier, tmp_path: Path
) -> None:
    """Smoothed labels within 1e-6, broad labels, and the doubt of each sample."""
    query = simulate(n_cells=N_CELLS // 2, seed=1)
    query.obs["donor"] = pd.Categorical(np.where(np.arange(N_CELLS // 2) % 3, "a", "b"))
    tree = tmp_path / "tree.toml"
    tree.write_text('[parents]\n"type 0" = "early"\n"type 1" = "early"\n')
    work = predicted(query, classifier, smooth=True, group_key="donor", label_tree=tree)
    alone = work(ALONE)
    assert {"smoothed_label", "broad_label"} <= {*alone.table}
    for shared in on_ranks(work):
        pd.testing.assert_frame_equal(shared.table, alone.table, rtol=0, atol=1e-6)
        assert shared.doubt == alone.doubt


def test_what_is_said_of_the_file_is_the_same(classifier: Classifier) -> None:
    """Notes, and the cells of one name."""
    query = logarithms(simulate(n_cells=N_CELLS, seed=1))
    query.obs_names = [*query.obs_names[:-1], query.obs_names[0]]

    def work(ranks: Ranks) -> Any:
        stream = stream_counts(query, ranks=ranks, model_genes=classifier.card.genes)
        return stream.notes, stream.cell_ids.tolist()

    with pytest.warns(sb.ScbaselineWarning, match="name of an earlier cell"):
        alone = work(ALONE)
    assert any("log1p" in note for note in alone[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert on_ranks(work) == [alone] * 3


def test_a_file_is_shared_as_memory_is(classifier: Classifier, tmp_path: Path) -> None:
    """Of an .h5ad on disk, each rank reads its own cells; so it does when not all was kept."""
    query = simulate(n_cells=N_CELLS, seed=1)
    query.write_h5ad(tmp_path / "query.h5ad")
    alone = pd.concat(classifier.predict_stream(stream_counts(query)))

    def work(ranks: Ranks) -> tuple[slice, pd.DataFrame]:
        with open_counts(tmp_path / "query.h5ad") as adata:
            stream = stream_counts(adata, ranks=ranks, model_genes=classifier.card.genes)
            stream = dataclasses.replace(stream, _kept=None) if ranks.rank == 1 else stream
            return stream.own, pd.concat(classifier.predict_stream(stream))

    shares = on_ranks(work)
    assert [own for own, _ in shares] == [slice(0, 4096), slice(4096, 8192), slice(8192, N_CELLS)]
    shared = pd.concat([table for _, table in shares])
    pd.testing.assert_frame_equal(shared, alone, check_exact=True)


def test_all_ranks_refuse_a_query_of_other_genes(classifier: Classifier) -> None:
    """In the same words."""
    query = simulate(n_cells=N_CELLS)
    query.var_names = [f"OTHER{g}" for g in range(query.n_vars)]

    def work(ranks: Ranks) -> str:
        with pytest.raises(InputError) as error:
            predicted(query, classifier)(ranks)
        return str(error.value)

    assert len({work(ALONE), *on_ranks(work)}) == 1
