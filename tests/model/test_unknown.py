"""Claims about unknown scores, and about what is said of a whole query."""

import dataclasses
import tomllib
from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
import torch
from anndata import AnnData
from conftest import SMALL, simulate
from scipy import sparse
from scipy.stats import norm

from scbaseline import Classifier, RunConfig, check_counts, keys, train
from scbaseline.data.stream import stream_counts
from scbaseline.errors import ConfigError
from scbaseline.learn.ensemble import Ensemble
from scbaseline.learn.profile import CentredProfile, CountsNetwork
from scbaseline.model.deviance import Expected, excess_deviance, moment_tables
from scbaseline.model.doubt import QueryDoubt, doubt_of, held_out_doubt
from scbaseline.model.fit_unknown import Labelled, fit_unknown
from scbaseline.model.query_verdict import judge_scores, looks_unlike_by_probability

pytestmark = [
    pytest.mark.xdist_group("unknown"),  # its module fixtures are costly
    pytest.mark.filterwarnings("ignore:the data have"),  # of missing genes
]


@pytest.fixture(scope="module")
def cells() -> AnnData:
    """Simulated cells, enough for scores of held-out cells to have a tail."""
    return simulate(n_cells=900)


@pytest.fixture(scope="module")
def classifiers(cells: AnnData) -> dict[str, Classifier]:
    """A classifier with an unknown score, and one without, on two thirds of the cells."""
    config = dataclasses.replace(SMALL, label_key="cell_type", folds=2)
    return {
        recipe: train(
            check_counts(cells[:600].copy()), dataclasses.replace(config, recipe=(recipe,))
        ).classifier
        for recipe in ("robust", "hvg-earlystop")
    }


def doubt(classifier: Classifier, query: AnnData) -> tuple[QueryDoubt, pd.DataFrame]:
    """Return what predict says of a query, and its table."""
    blocks = list(classifier.predict_stream(stream_counts(query), force=True))
    coverage = classifier.coverage(query.var)
    share = coverage.n_found / coverage.n_genes
    said = doubt_of(blocks, classifier.card, classifier.unknown, share_of_genes=share)
    return said, pd.concat([said.with_unknown(block) for block in blocks])


def structureless(adata: AnnData) -> AnnData:
    """Return cells of the same depths that all come from the mean profile."""
    rng, total_n = np.random.default_rng(0), np.asarray(adata.X.sum(axis=1)).ravel().astype(int)
    share_g = np.asarray(adata.X.sum(axis=0), dtype=float).ravel()
    counts = np.stack([rng.multinomial(n, share_g / share_g.sum()) for n in total_n])
    return AnnData(sparse.csr_matrix(counts, dtype=np.float32), var=adata.var[[]].copy())


def shuffled(adata: AnnData) -> AnnData:
    """Return the same counts with the names of the genes at random."""
    names = np.random.default_rng(0).permutation(np.array(adata.var_names))
    return AnnData(adata.X.copy(), var=pd.DataFrame(index=names))


@pytest.mark.parametrize("fake", [structureless, shuffled])
def test_what_holds_no_real_cell_looks_unlike(
    fake: Callable[[AnnData], AnnData], cells: AnnData, classifiers: dict[str, Classifier]
) -> None:
    """The query is called unlike, and no cell is called known."""
    said, table = doubt(classifiers["robust"], fake(cells))
    assert said.looks_unlike
    assert table[keys.UNKNOWN].fillna(value=True).mean() >= 0.9


@pytest.mark.parametrize(
    ("low", "share_low", "unlike"), [(0.45, 0.8, True), (0.45, 0.02, False), (0.7, 0.8, False)]
)
def test_low_probabilities_alone_look_unlike(low: float, share_low: float, *, unlike: bool) -> None:
    """Without scores, the median must be low beyond chance, and many cells below .5."""
    rng = np.random.default_rng(0)
    held_out = held_out_doubt(np.column_stack([p := rng.beta(20, 1, 400), 1 - p]), ["a", "b"])
    probability_n = np.where(rng.random(1000) < share_low, low, rng.beta(20, 1, 1000))
    codes_n = np.zeros(1000, dtype=np.int64)
    assert looks_unlike_by_probability(probability_n, codes_n, held_out) == unlike


@pytest.mark.parametrize("recipe", ["robust", "hvg-earlystop"])
def test_unseen_cells_of_the_training_data_look_like_them(
    recipe: str, cells: AnnData, classifiers: dict[str, Classifier]
) -> None:
    """Nothing loud is said, and about one cell in twenty is called unknown."""
    said, table = doubt(classifiers[recipe], cells[600:].copy())
    assert not said.looks_unlike
    assert sum(label.n for label in said.labels) == 300
    if recipe == "robust":
        assert 0.005 < table[keys.UNKNOWN].mean() < 0.15
    else:
        assert keys.UNKNOWN not in table


def test_a_loaded_classifier_gives_the_same_scores(
    cells: AnnData, classifiers: dict[str, Classifier], tmp_path: Path
) -> None:
    """Saved and loaded, the scores and the numbers on the card are the same."""
    classifiers["robust"].save(tmp_path / "m.safetensors")
    loaded = Classifier.load(tmp_path / "m.safetensors")
    assert loaded.card.held_out_doubt == classifiers["robust"].card.held_out_doubt
    pd.testing.assert_frame_equal(loaded.predict(cells), classifiers["robust"].predict(cells))


@pytest.mark.parametrize("n_genes", [150, 100])
def test_a_score_is_of_its_cell_alone(
    n_genes: int, cells: AnnData, classifiers: dict[str, Classifier]
) -> None:
    """Ten cells get the scores that they get among all, also where genes are missing."""
    query = cells[:, :n_genes].copy()
    _, every = doubt(classifiers["robust"], query)
    _, few = doubt(classifiers["robust"], query[:10].copy())
    score_n = every[keys.UNKNOWN_SCORE].to_numpy()
    assert np.isfinite(score_n).all()
    np.testing.assert_allclose(few[keys.UNKNOWN_SCORE], score_n[:10], atol=1e-3)


def test_a_cell_without_counts_has_no_score(
    cells: AnnData, classifiers: dict[str, Classifier]
) -> None:
    """Label, score and verdict of an empty cell are missing."""
    query = cells[:50].copy()
    query.X = sparse.vstack([sparse.csr_matrix((1, query.n_vars)), query.X[1:]], format="csr")
    _, table = doubt(classifiers["robust"], query)
    assert table.iloc[0].isna().all()


def test_no_cell_is_near_to_a_label_that_was_not_taught() -> None:
    """A label without training cells changes no distance."""
    counts = cells_of_two_types()
    scores = []
    for n_labels in (2, 3):
        torch.manual_seed(0)
        network = Ensemble(40, n_labels, hidden=(8, 4), members=1, dropout=0.0)
        module = CountsNetwork(
            CentredProfile.fitted([counts.counts_ng], target_sum=1e4, max_value=10), network
        ).eval()
        unknown = fit_unknown(module, counts, counts, n_labels=n_labels, seed=0)
        values_ng = module.front(torch.from_numpy(counts.counts_ng.toarray()))
        ruler = unknown.ruler(torch.zeros(40, dtype=torch.bool))
        scores.append(unknown._distance(values_ng, ruler).numpy())
    np.testing.assert_allclose(*scores, rtol=1e-5)


def cells_of_two_types() -> Labelled:
    """Return counts of forty genes, of two types."""
    rng = np.random.default_rng(0)
    codes_n = rng.integers(2, size=200)
    mean = np.where(np.arange(40)[None] % 2 == codes_n[:, None], 6.0, 1.0)
    return Labelled(sparse.csr_matrix(rng.poisson(mean).astype(np.float32)), codes_n)


def test_a_share_that_is_none_is_refused(
    cells: AnnData, classifiers: dict[str, Classifier]
) -> None:
    """The error names the option."""
    with pytest.raises(ConfigError, match="--reject-known"):
        classifiers["robust"].predict(cells, reject_known=5)


def test_counts_from_the_profile_have_no_excess() -> None:
    """The expected deviance is that of simulated Poisson counts, at any depth."""
    rng = np.random.default_rng(0)
    share_kg = torch.tensor(rng.dirichlet(np.full(500, 0.5), size=1), dtype=torch.float32)
    for depth in (100, 3000):
        counts = torch.from_numpy(rng.poisson(depth * share_kg.numpy(), (2000, 500))).float()
        codes_n = torch.zeros(2000, dtype=torch.long)
        excess_n, error_n = excess_deviance(counts, codes_n, Expected.of(share_kg, moment_tables()))
        assert abs(float(excess_n.mean())) < 0.2 * float(error_n.mean())


@pytest.mark.parametrize(
    ("share_strange", "shift", "verdict"),
    [
        (0.0, 0.0, "home"),
        (0.4, 0.0, "home"),
        (0.0, 0.9, "abroad"),
        (0.0, 2.0, "rank"),
        (0.7, 0.0, "unlike"),
        (0.0, 4.0, "unlike"),
    ],
)
def test_the_verdict_tells_strange_cells_from_a_shift(
    share_strange: float, shift: float, verdict: str
) -> None:
    """Few unknown cells leave the threshold; a shift of all raises it, or takes it."""
    rng = np.random.default_rng(0)
    score_n = rng.normal(shift, 1.0, 1000)
    score_n[: int(1000 * share_strange)] = 10
    home_q = norm.ppf(np.linspace(0.001, 0.999, 401))
    assert judge_scores(score_n, home_q, home_q + 1).verdict == verdict


def test_few_genes_are_no_reason_to_shout() -> None:
    """A shift that makes a whole query unlike is one of order alone where most genes lack."""
    rng = np.random.default_rng(0)
    home_q = norm.ppf(np.linspace(0.001, 0.999, 401))
    shifted, strange = rng.normal(2.5, 1, 1000), rng.normal(9, 1, 1000)
    for share, verdicts in ((1.0, ("unlike", "unlike")), (0.3, ("rank", "unlike"))):
        for scores, verdict in zip((shifted, strange), verdicts, strict=True):
            judged = judge_scores(scores, home_q, home_q + 1, share_of_genes=share)
            assert judged.verdict == verdict


COARSE = RunConfig(label_key="coarse", folds=2, threads=1)


def coarse(folder: Path, path: str, key: str) -> AnnData:
    """Return a real study with its coarse labels, empty for types without one."""
    table = tomllib.loads((folder / "coarse_labels.toml").read_text(encoding="utf-8"))
    adata = anndata.read_h5ad(folder / path)
    name = Path(path).stem.removesuffix("_raw")
    fine = adata.obs.get(key)
    if fine is None:
        labels = pd.read_csv(folder / "pbmc3k/labels.csv", index_col=0)
        fine = labels.loc[adata.obs_names, key]
    coarse_n = [table[name][key].get(str(label), "") for label in fine]
    obs = pd.DataFrame({"coarse": coarse_n, "fine": fine.astype(str).to_numpy()}, adata.obs_names)
    return AnnData(adata.X.tocsr().astype(np.float32), obs=obs, var=adata.var[[]].copy())


@pytest.fixture(scope="module")
def pbmc3k(test_data: Path) -> AnnData:
    """The cells of PBMC 3k with coarse labels."""
    adata = coarse(test_data, "pbmc3k/pbmc3k_raw.h5ad", "seurat_annotation")
    return adata[adata.obs["coarse"] != ""].copy()


@pytest.fixture(scope="module")
def of_pbmc3k(pbmc3k: AnnData) -> Classifier:
    """A classifier of PBMC 3k with an unknown score."""
    config = dataclasses.replace(COARSE, recipe=("robust",))
    return train(check_counts(pbmc3k), config).classifier


@pytest.mark.long
def test_probabilities_tell_fakes_from_another_study(test_data: Path, pbmc3k: AnnData) -> None:
    """Of a recipe without scores, fakes look unlike the training cells, PBMC 4k does not."""
    config = dataclasses.replace(COARSE, recipe=("hvg-earlystop",))
    classifier = train(check_counts(pbmc3k), config).classifier
    pbmc4k = coarse(test_data, "pbmc4k_half_soupx.h5ad", "cell_type_scvi_seurat")
    assert not doubt(classifier, pbmc4k)[0].looks_unlike
    for fake in (structureless, shuffled):
        assert doubt(classifier, fake(pbmc3k))[0].looks_unlike


@pytest.mark.long
@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("pbmc4k_half_soupx.h5ad", "cell_type_scvi_seurat"),
        ("zheng2017_sorted_fasttopics.h5ad", "cell_type"),
    ],
)
def test_known_types_of_other_studies_are_known(
    path: str, key: str, test_data: Path, of_pbmc3k: Classifier
) -> None:
    """No loud line, and at most 15 % of known cells are called unknown."""
    query = coarse(test_data, path, key)
    said, table = doubt(of_pbmc3k, query[query.obs["coarse"] != ""].copy())
    assert not said.looks_unlike
    assert table[keys.UNKNOWN].mean() <= 0.15


def test_a_type_that_nobody_taught_is_unknown(test_data: Path, of_pbmc3k: Classifier) -> None:
    """At least 80 % of CD34+ cells are found where 10 % of known cells are rejected."""
    query = coarse(test_data, "zheng2017_sorted_fasttopics.h5ad", "cell_type")
    _, table = doubt(of_pbmc3k, query)
    score_n, is_known_n = table[keys.UNKNOWN_SCORE].to_numpy(), query.obs["coarse"] != ""
    is_new_n = query.obs["fine"].str.contains("CD34").to_numpy()
    limit = np.quantile(score_n[is_known_n], 0.9)
    assert is_new_n.sum() > 100
    assert (score_n[is_new_n] > limit).mean() >= 0.8
