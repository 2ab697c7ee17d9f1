"""Nothing is learnt from a test cell unless the protocol's name says so.

Cell mask, labels and split are made once, on intact data, and handed in. Then the test
cells' counts are replaced, and everything that was fitted must be equal to the bit. For
every stage there is a twin that leaks on purpose, and the same comparison must catch it:
a comparison that no leak can fail would prove nothing. Nothing is patched: what leaks is
handed in, too.
"""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from anndata import AnnData
from conftest import SMALL, simulate
from scipy import sparse

from scbaseline import Counts, check_counts, labels_from_column, run
from scbaseline.cells.label_genes import label_genes
from scbaseline.cells.space import FeatureSpace, fit_feature_space
from scbaseline.learn.recipes import RECIPES, Recipe
from scbaseline.stages import Stages
from scbaseline.study.draws import Draw, draw_halves, draw_structureless
from scbaseline.study.fit import Fit, Job, fit_job
from scbaseline.study.labels import Labels, groups_from_column
from scbaseline.study.plan import split_once
from scbaseline.study.protocols import PROTOCOLS, SAVES_MODELS, Protocol
from scbaseline.study.split import TEST, TRAINING, VALIDATION, Split

pytestmark = pytest.mark.xdist_group("honesty")  # its module fixtures are costly

CONFIG = dataclasses.replace(SMALL, label_key="cell_type", min_cells=3)


def quick(recipe: Recipe) -> Recipe:
    """Return a recipe that takes few steps, where its row says how many it takes at least."""
    fewer = {"epochs": 1, "min_steps": 8}
    known = {name: value for name, value in fewer.items() if name in recipe.settings}
    return dataclasses.replace(recipe, settings={**recipe.settings, **known})


RECIPES_HERE = tuple(map(quick, RECIPES.values()))
# Those that fit everything on training cells; the one of another study fits nothing.
HONEST = [
    protocol
    for protocol in PROTOCOLS.values()
    if protocol.fitted_on == "training" and protocol.tests_on != "another study"
]
FEW_GENES = dataclasses.replace(CONFIG, n_top_genes=30)  # so that a choice is to be made
LEAKY = next(p for p in PROTOCOLS.values() if p.fitted_on == "all cells" and p.in_run)
IDS = [protocol.name for protocol in HONEST]


class Case(NamedTuple):
    """What a protocol is run on: made once, on intact data."""

    counts: Counts
    labels: Labels
    split: Split


def genes_permuted(counts: np.ndarray, test: np.ndarray, rng: np.random.Generator) -> None:
    """Give each test cell its own counts, dealt to other genes."""
    counts[test] = rng.permuted(counts[test], axis=1)


def other_cells(counts: np.ndarray, test: np.ndarray, rng: np.random.Generator) -> None:
    """Give each test cell the counts of some other cell."""
    counts[test] = counts[rng.permutation(len(counts))[: len(test)]]


def one_gene_up(counts: np.ndarray, test: np.ndarray, rng: np.random.Generator) -> None:
    """Multiply one gene's counts by 1,000 in the test cells."""
    counts[test, int(rng.integers(30))] += 1
    counts[test] *= np.where(np.arange(counts.shape[1]) == counts[test].sum(0).argmax(), 1000, 1)


TAMPERINGS = [genes_permuted, other_cells, one_gene_up]


@pytest.fixture(scope="module")
def cells() -> AnnData:
    return simulate(n_cells=300, n_types=3, seed=3)


@pytest.fixture(scope="module")
def cases(cells: AnnData) -> dict[str, Case]:
    """Return every honest protocol with its counts, labels and split."""
    whole = Counts.from_anndata(cells)
    given = labels_from_column(cells.obs, CONFIG)
    donors = cells.obs.assign(donor=[f"D{i % 5}" for i in range(cells.n_obs)])
    groups = groups_from_column(donors, dataclasses.replace(CONFIG, group_key="donor"))

    def draw_of(protocol: Protocol) -> Draw:
        if protocol.structureless:
            names = frozenset({"half A"})
            return draw_structureless(whole, CONFIG, Stages(), number=0, names=names)
        if protocol.draws_counts:
            return draw_halves(whole, CONFIG, Stages(), number=0)
        return Draw(0, {"all": whole}, {"all": given})

    cases = {}
    for protocol in HONEST:
        draw = draw_of(protocol)
        (split,) = split_once(protocol, draw, groups, CONFIG)
        labels = draw.labels[protocol.labels_from]
        cases[protocol.name] = Case(draw.counts[protocol.features_from], labels, split)
    return cases


@pytest.fixture(scope="module")
def intact(cases: dict[str, Case]) -> Case:
    return cases[SAVES_MODELS.name]


def tampered(counts: Counts, split: Split, tamper: Callable[..., None]) -> Counts:
    """Return the counts with those of the test cells replaced, and totals made anew."""
    dense = counts.counts_ng.toarray()
    tamper(dense, split.rows(TEST), np.random.default_rng(0))
    return Counts(sparse.csr_matrix(dense), dense.sum(axis=1, dtype=np.float64))


Space = Callable[[Counts, Split], FeatureSpace]
Genes = Callable[[Counts, Split], dict[str, np.ndarray]]


def space_of_all(counts: Counts, _: Split) -> FeatureSpace:
    """Fit the features on all cells, as a run has them at hand."""
    return fit_feature_space(counts, CONFIG)


def no_genes(*_: object) -> dict[str, np.ndarray]:
    """Hand in no genes: the fit chooses them."""
    return {}


def fit(
    protocol: Protocol,
    case: Case,
    counts: Counts,
    split: Split,
    space: Space = space_of_all,
    genes: Genes = no_genes,
) -> Fit:
    """Fit every recipe under a protocol, with a space of all cells within reach."""
    job = Job(
        protocol,
        counts,
        case.labels,
        split,
        RECIPES_HERE,
        CONFIG,
        space=space(counts, case.split),
        genes=genes(counts, case.split),
        keep=True,
    )
    return fit_job(job, Stages())


def fitted(of_job: Fit) -> dict[str, list[np.ndarray]]:
    """Return everything that is fitted under a protocol, by the stage that fits it."""
    space, recipes = of_job.space, of_job.recipes.values()
    assert space is not None
    return {
        "genes": [space.genes_g],
        "scale": [space.mean_g, space.sd_g],
        "components": [space.center_g, space.components_gc],
        "recipes' genes": [r.genes_g for r in recipes],
        "weights": [t.numpy() for r in recipes for t in r.learnt.module.state_dict().values()],
        "stopping": [
            np.array([r.learnt.curve.kept_epoch for r in recipes if r.learnt.curve is not None])
        ],
        "temperature": [np.array([r.temperature or 0.0 for r in recipes])],
    }


def changed_stages(
    protocol: Protocol,
    case: Case,
    tamper: Callable[..., None],
    *,
    split: Split | None = None,
    space: Space = space_of_all,
    genes: Genes = no_genes,
) -> set[str]:
    """Return the stages whose fit depends on the test cells."""
    split = split or case.split
    before, after = (
        fitted(fit(protocol, case, counts, split, space, genes))
        for counts in (case.counts, tampered(case.counts, case.split, tamper))
    )
    return {stage for stage in before if not all(map(np.array_equal, before[stage], after[stage]))}


@pytest.mark.parametrize("tamper", TAMPERINGS)
@pytest.mark.parametrize("protocol", HONEST, ids=IDS)
def test_nothing_fitted_depends_on_a_test_cell(
    protocol: Protocol, tamper: Callable[..., None], cases: dict[str, Case]
) -> None:
    """Genes, scale, components, weights, stopping, temperature: all equal to the bit."""
    assert changed_stages(protocol, cases[protocol.name], tamper) == set()


@pytest.mark.parametrize("tamper", TAMPERINGS)
@pytest.mark.parametrize("protocol", HONEST, ids=IDS)
def test_tampering_changes_what_is_predicted(
    protocol: Protocol, tamper: Callable[..., None], cases: dict[str, Case]
) -> None:
    """The replaced counts are other counts: the test cells' components change."""
    counts, _, split = cases[protocol.name]
    space = fit_feature_space(counts, CONFIG)
    before, after = (
        space.project(space.scale(c.rows(split.rows(TEST))))
        for c in (counts, tampered(counts, split, tamper))
    )
    assert np.abs(before - after).max() > 0.1


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_the_usual_protocol_is_caught(tamper: Callable[..., None], intact: Case) -> None:
    """It leaks at every stage before the weights, and so into the weights."""
    assert {"scale", "components", "weights"} <= changed_stages(LEAKY, intact, tamper)


LEAKS = {
    "genes": ("genes_g",),
    "scale": ("mean_g", "sd_g"),
    "components": ("components_gc", "center_g"),
}


@pytest.mark.parametrize("stage", LEAKS)
@pytest.mark.parametrize("tamper", [genes_permuted, one_gene_up])
def test_a_leak_in_one_part_of_the_features_is_caught(
    stage: str, tamper: Callable[..., None], intact: Case
) -> None:
    """A twin that takes only its genes, or scale, or components from all cells is found out."""

    def leaking(counts: Counts, split: Split) -> FeatureSpace:
        honest = fit_feature_space(counts.rows(split.rows(TRAINING)), CONFIG)
        whole = fit_feature_space(counts, CONFIG)
        return dataclasses.replace(honest, **{name: getattr(whole, name) for name in LEAKS[stage]})

    # The row that takes the space which is handed in.
    twin = dataclasses.replace(SAVES_MODELS, fitted_on="all cells")
    assert stage in changed_stages(twin, intact, tamper, space=leaking)


@pytest.mark.parametrize("tamper", [genes_permuted, one_gene_up])
def test_choosing_genes_by_the_labels_of_all_cells_is_caught(
    tamper: Callable[..., None], intact: Case
) -> None:
    """A twin that leaks only into the genes that tell labels apart is found out."""

    def leaking(counts: Counts, _: Split) -> dict[str, np.ndarray]:
        return {"label": label_genes(counts, intact.labels.codes_n, FEW_GENES)}

    changed = changed_stages(SAVES_MODELS, intact, tamper, genes=leaking)
    assert {"recipes' genes", "weights"} <= changed
    assert not {"genes", "scale", "components"} & changed


@pytest.mark.parametrize(
    "tamper",
    [
        pytest.param(genes_permuted, marks=pytest.mark.long),
        pytest.param(other_cells, marks=pytest.mark.long),
        one_gene_up,
    ],
)
@pytest.mark.parametrize("label_key", ["cell_type", None])
def test_a_saved_model_does_not_depend_on_a_test_cell(
    tamper: Callable[..., None], label_key: str | None, cells: AnnData, intact: Case
) -> None:
    """Through the whole run, with labels and split of the intact data, models are equal.

    The card's metrics and the data's fingerprint are about the test cells, and differ.
    """
    counts, labels, split = intact
    config = dataclasses.replace(
        CONFIG,
        label_key=label_key,
        recipe=("pca", "hvg-earlystop", "robust", "logistic"),
        protocol=(SAVES_MODELS.name,),
    )
    changed = AnnData(
        tampered(counts, split, tamper).counts_ng, obs=cells.obs.copy(), var=cells.var.copy()
    )
    models = [
        run(data, config, labels=labels, splits=lambda *_: (split,)).classifiers
        for data in (cells, check_counts(changed))
    ]
    assert set(models[0]) == set(config.recipe)
    for name, model in models[0].items():
        cards = [dataclasses.replace(m[name].card, metrics=(), data={}) for m in models]
        assert cards[0] == cards[1]
        other = models[1][name].state_dict()
        for key, values in model.state_dict().items():
            np.testing.assert_array_equal(values, other[key], err_msg=f"{name} {key}")


def test_doubt_learnt_from_test_cells_is_caught(
    cells: AnnData, intact: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where test cells stand in for validation cells, sets, scores and held-out rows differ."""
    monkeypatch.setattr("scbaseline.study.with_doubt.VALIDATION", TEST)
    counts, labels, split = intact
    config = dataclasses.replace(
        CONFIG, label_key="cell_type", recipe=("robust",), protocol=(SAVES_MODELS.name,)
    )
    changed = AnnData(
        tampered(counts, split, other_cells).counts_ng, obs=cells.obs.copy(), var=cells.var.copy()
    )
    models = [
        run(data, config, labels=labels, splits=lambda *_: (split,)).classifiers["robust"]
        for data in (cells, check_counts(changed))
    ]
    assert models[0].card.held_out_doubt != models[1].card.held_out_doubt
    for part in ("unknown.home_q", "unknown.abroad_q", "sets.score_kq"):
        kept = [model.state_dict()[part].numpy() for model in models]
        assert not np.array_equal(*kept), part


@pytest.mark.parametrize("protocol", HONEST, ids=IDS)
def test_taking_the_space_of_all_cells_is_caught(
    protocol: Protocol, cases: dict[str, Case]
) -> None:
    """A twin of each protocol that takes the features of all cells is found out."""
    leaking = dataclasses.replace(protocol, fitted_on="all cells")
    changed = changed_stages(leaking, cases[protocol.name], one_gene_up)
    assert {"genes", "scale", "components", "weights"} <= changed


class TrainsOnTest(Split):
    """A split that deals the test cells to training, too."""

    def rows(self, *parts: int) -> np.ndarray:
        """Return the rows of the parts, and those of the test cells among the training cells."""
        return super().rows(*parts, *([TEST] if TRAINING in parts else []))


class WatchesTest(Split):
    """A split whose validation cells are the test cells."""

    def rows(self, *parts: int) -> np.ndarray:
        """Return the rows of the parts, those of the test cells as validation cells."""
        return super().rows(*(TEST if part == VALIDATION else part for part in parts))


@pytest.mark.parametrize("protocol", HONEST, ids=IDS)
def test_training_on_test_cells_is_caught(protocol: Protocol, cases: dict[str, Case]) -> None:
    """A twin of the split that deals the test cells to training, too, is found out."""
    case = cases[protocol.name]
    leaking = TrainsOnTest(case.split.part_n)
    assert "weights" in changed_stages(protocol, case, genes_permuted, split=leaking)


@pytest.mark.parametrize("recipe", [name for name, row in RECIPES.items() if not row.floor])
def test_each_recipe_trained_on_test_cells_is_caught(recipe: str, intact: Case) -> None:
    """No recipe is blind to the comparison: its own weights change.

    The features stay those of the training cells, so that only the recipe leaks; labels are
    at random, so that each cell that is fitted on moves the boundary.
    """
    counts, labels, split = intact
    codes_n = np.random.default_rng(0).integers(len(labels.names), size=len(labels.codes_n))
    case = Case(counts, dataclasses.replace(labels, codes_n=codes_n), split)
    honest = fit_feature_space(counts.rows(split.rows(TRAINING)), CONFIG)
    twin = dataclasses.replace(SAVES_MODELS, fitted_on="all cells")
    before, after = (
        fit(twin, case, c, TrainsOnTest(split.part_n), lambda *_: honest)
        .recipes[recipe]
        .learnt.module
        for c in (counts, tampered(counts, split, genes_permuted))
    )
    assert before is not None
    assert after is not None
    assert not all(map(np.array_equal, before.state_dict().values(), after.state_dict().values()))


@pytest.mark.parametrize("protocol", HONEST, ids=IDS)
def test_stopping_and_calibrating_on_test_cells_is_caught(
    protocol: Protocol, cases: dict[str, Case]
) -> None:
    """A twin that watches test cells leaks into the kept weights and the temperature only."""
    case = cases[protocol.name]
    leaking = WatchesTest(case.split.part_n)
    changed = changed_stages(protocol, case, other_cells, split=leaking)
    assert "temperature" in changed
    assert changed <= {"temperature", "stopping", "weights"}


def test_stopping_on_test_cells_moves_the_kept_epoch(intact: Case) -> None:
    """With test cells that cannot be learnt, a twin that stops on them stops elsewhere."""
    leaking = WatchesTest(intact.split.part_n)
    assert "stopping" in changed_stages(SAVES_MODELS, intact, genes_permuted, split=leaking)


def test_the_halves_of_one_gene_differ(cases: dict[str, Case]) -> None:
    """A protocol with features from the other half does not see what its labels came from."""
    same = next(p for p in HONEST if p.same_half_as)
    half, thinned = cases[same.name], cases[same.same_half_as]
    np.testing.assert_array_equal(half.labels.codes_n, thinned.labels.codes_n)
    n_differ = (half.counts.counts_ng != thinned.counts.counts_ng).nnz
    assert n_differ > 0.3 * half.counts.counts_ng.nnz
