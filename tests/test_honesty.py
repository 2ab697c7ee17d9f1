"""Nothing is learnt from a test cell unless the protocol's name says so.

Cell mask, labels and split are made once, on intact data, and passed in. Then the test
cells' counts are replaced, and everything that was fitted must be equal to the bit. For
every stage there is a twin that leaks on purpose, and the same comparison must catch it:
a comparison that no leak can fail would prove nothing.
"""

import dataclasses
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from anndata import AnnData
from conftest import SMALL, simulate
from scipy import sparse

from scbaseline import (
    RunConfig,
    check_counts,
    fitting,
    labels_from_column,
    pipeline,
    predict_baseline,
    preparation,
)
from scbaseline.cells.space import FeatureSpace, fit_feature_space
from scbaseline.cells.thinning import Counts
from scbaseline.learn.baselines import BASELINES
from scbaseline.study.labels import Labels, groups_from_column
from scbaseline.study.plan import split_once
from scbaseline.study.preparation import counts_of
from scbaseline.study.protocols import PROTOCOLS, Protocol
from scbaseline.study.split import TEST, TRAINING, VALIDATION, Split
from scbaseline.study.views import View, halves_view, structureless_view, whole_view

pytestmark = pytest.mark.xdist_group("honesty")  # its module fixtures are costly

CONFIG = dataclasses.replace(SMALL, label_key="cell_type", min_cells=3)
# Those that fit everything on training cells; `external` fits nothing.
HONEST = [
    protocol
    for protocol in PROTOCOLS.values()
    if protocol.fitted_on == "training" and protocol.tests_on != "another study"
]
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
    whole = counts_of(cells)
    given = labels_from_column(cells.obs, CONFIG)
    donors = cells.obs.assign(donor=[f"D{i % 5}" for i in range(cells.n_obs)])
    groups = groups_from_column(donors, dataclasses.replace(CONFIG, group_key="donor"))

    def view_of(protocol: Protocol) -> View:
        if protocol.structureless:
            return structureless_view(whole, CONFIG, draw=0, names={"half A"})
        if protocol.labels_from != "all":
            return halves_view(whole, CONFIG, draw=0)
        return whole_view(whole, given)

    found = {}
    for protocol in HONEST:
        view = view_of(protocol)
        split = split_once(protocol, view, groups=groups, config=CONFIG)
        labels = view.labels[protocol.labels_from]
        found[protocol.name] = Case(view.counts[protocol.features_from], labels, split)
    return found


@pytest.fixture(scope="module")
def intact(cases: dict[str, Case]) -> Case:
    return cases["inductive"]


def tampered(counts: Counts, split: Split, tamper: Callable[..., None]) -> Counts:
    """Return the counts with those of the test cells replaced, and totals made anew."""
    dense = counts.counts_ng.toarray()
    tamper(dense, split.rows(TEST), np.random.default_rng(0))
    return Counts(sparse.csr_matrix(dense), dense.sum(axis=1, dtype=np.float64))


def fitted(
    protocol: Protocol, counts: Counts, labels: Labels, split: Split
) -> dict[str, list[np.ndarray]]:
    """Return everything that is fitted under a protocol, by the stage that fits it."""
    # As `run` calls it: the space of all cells is at hand, and must not be used.
    whole = fit_feature_space(counts.counts_ng, counts.total_n, CONFIG)
    # A label source that the protocol has a tier for; it changes no fit.
    source = "clusters" if protocol.tier_of_given is None else "given:cell_type"
    labels = dataclasses.replace(labels, source=source)
    one = fitting.run_protocol(
        protocol, counts, labels, split=split, config=CONFIG, whole=whole, baselines=BASELINES
    )
    networks = [one.trained[name] for name in CONFIG.recipe]
    known = split.rows(TRAINING, VALIDATION)
    return {
        "baselines": [one.trained[name].predicted_n[known] for name in BASELINES],
        "genes": [one.space.genes_g],
        "scale": [one.space.mean_g, one.space.sd_g],
        "components": [one.space.center_g, one.space.components_gc],
        "weights": [
            tensor.numpy() for t in networks for tensor in t.fit.network.state_dict().values()
        ],
        "stopping": [np.array([t.fit.kept_epoch for t in networks])],
        "temperature": [np.array([t.temperature or 0.0 for t in networks])],
    }


def changed_stages(
    protocol: Protocol,
    case: Case,
    tamper: Callable[..., None],
    split: Split | None = None,
) -> set[str]:
    """Return the stages whose fit depends on the test cells."""
    split = split or case.split
    before = fitted(protocol, case.counts, case.labels, split)
    after = fitted(protocol, tampered(case.counts, case.split, tamper), case.labels, split)
    return {
        stage
        for stage in before
        if not all(
            np.array_equal(one, two) for one, two in zip(before[stage], after[stage], strict=True)
        )
    }


@pytest.mark.parametrize("tamper", TAMPERINGS)
@pytest.mark.parametrize("protocol", HONEST, ids=IDS)
def test_nothing_fitted_depends_on_a_test_cell(
    protocol: Protocol, tamper: Callable[..., None], cases: dict[str, Case]
) -> None:
    """Genes, scale, components, weights, stopping and temperature: all equal to the bit."""
    assert changed_stages(protocol, cases[protocol.name], tamper) == set()


@pytest.mark.parametrize("tamper", TAMPERINGS)
@pytest.mark.parametrize("protocol", HONEST, ids=IDS)
def test_tampering_changes_what_is_predicted(
    protocol: Protocol, tamper: Callable[..., None], cases: dict[str, Case]
) -> None:
    """The replaced counts are other counts: the test cells' components change."""
    counts, _, split = cases[protocol.name]
    space = fit_feature_space(counts.counts_ng, counts.total_n, CONFIG)
    before, after = (
        space.project(space.scale(one.counts_ng, one.total_n))[split.rows(TEST)]
        for one in (counts, tampered(counts, split, tamper))
    )
    assert np.abs(before - after).max() > 0.1


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_published_is_caught(tamper: Callable[..., None], intact: Case) -> None:
    """The usual protocol leaks at every stage before the weights, and so into the weights."""
    changed = changed_stages(PROTOCOLS["published"], intact, tamper)
    assert {"scale", "components", "weights"} <= changed


def genes_of_all(honest: FeatureSpace, whole: FeatureSpace) -> FeatureSpace:
    return dataclasses.replace(honest, genes_g=whole.genes_g)


def scale_of_all(honest: FeatureSpace, whole: FeatureSpace) -> FeatureSpace:
    return dataclasses.replace(honest, mean_g=whole.mean_g, sd_g=whole.sd_g)


def components_of_all(honest: FeatureSpace, whole: FeatureSpace) -> FeatureSpace:
    return dataclasses.replace(honest, components_gc=whole.components_gc, center_g=whole.center_g)


@pytest.mark.parametrize(
    ("stage", "leak"),
    [("genes", genes_of_all), ("scale", scale_of_all), ("components", components_of_all)],
)
@pytest.mark.parametrize("tamper", [genes_permuted, one_gene_up])
def test_a_leak_in_one_part_of_the_features_is_caught(
    stage: str,
    leak: Callable[..., FeatureSpace],
    tamper: Callable[..., None],
    intact: Case,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A twin that takes only its genes, or scale, or components from all cells is found out."""
    counts, labels, split = intact

    def fit_with_leak(data: Counts) -> Callable[..., FeatureSpace]:
        whole = fit_feature_space(data.counts_ng, data.total_n, CONFIG)
        return lambda counts, totals, config: leak(fit_feature_space(counts, totals, config), whole)

    found = []
    for data in (counts, tampered(counts, split, tamper)):
        monkeypatch.setattr(fitting, "fit_feature_space", fit_with_leak(data))
        found.append(fitted(PROTOCOLS["inductive"], data, labels, split)[stage])
    assert not all(np.array_equal(one, two) for one, two in zip(*found, strict=True))


@pytest.mark.parametrize("tamper", TAMPERINGS)
@pytest.mark.parametrize("label_key", ["cell_type", None])
def test_a_saved_model_does_not_depend_on_a_test_cell(
    tamper: Callable[..., None],
    label_key: str | None,
    cells: AnnData,
    intact: Case,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Through the whole run, with mask, labels and split of the intact data, files are equal.

    The card's metrics and the data's fingerprint are about the test cells, and differ.
    """
    _, labels, split = intact
    config = dataclasses.replace(
        CONFIG, label_key=label_key, recipe=("pca", "hvg-earlystop"), protocol=("inductive",)
    )
    monkeypatch.setattr(pipeline, "labels_from_clusters", lambda *_: labels)
    monkeypatch.setattr(pipeline, "split_once", lambda *_, **__: split)
    if label_key:
        monkeypatch.setattr(preparation, "labels_from_column", lambda *_: labels)
    changed = AnnData(
        tampered(counts_of(cells), split, tamper).counts_ng,
        obs=cells.obs.copy(),
        var=cells.var.copy(),
    )
    found = []
    for data in (cells, check_counts(changed)):
        models = pipeline.run(data, config).classifiers
        found.append(
            {
                name: (
                    {key: value.numpy() for key, value in model.state_dict().items()},
                    dataclasses.replace(model.card, metrics=(), data={}),
                )
                for name, model in models.items()
            }
        )
    for name, (tensors, card) in found[0].items():
        other_tensors, other_card = found[1][name]
        assert card == other_card
        for key, values in tensors.items():
            np.testing.assert_array_equal(values, other_tensors[key], err_msg=f"{name} {key}")


def test_baselines_trained_on_test_cells_are_caught(
    intact: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A twin that fits the baselines on every labelled cell is found out.

    With labels at random, so that each cell that is fitted on moves the boundary.
    """
    counts, labels, split = intact
    codes_n = np.random.default_rng(0).integers(len(labels.names), size=len(labels.codes_n))
    labels = dataclasses.replace(labels, codes_n=codes_n)

    def leaking(
        name: str,
        *_: np.ndarray,
        query_nf: np.ndarray | sparse.csr_matrix,
        n_labels: int,
        config: RunConfig,
    ) -> object:
        return predict_baseline(
            name, query_nf, labels.codes_n, query_nf=query_nf, n_labels=n_labels, config=config
        )

    monkeypatch.setattr(fitting, "predict_baseline", leaking)
    changed = changed_stages(PROTOCOLS["inductive"], Case(counts, labels, split), genes_permuted)
    assert "baselines" in changed


@pytest.mark.parametrize("protocol", HONEST, ids=IDS)
def test_taking_the_space_of_all_cells_is_caught(
    protocol: Protocol, cases: dict[str, Case]
) -> None:
    """A twin of each protocol that takes the features of all cells is found out."""
    leaking = dataclasses.replace(protocol, fitted_on="all cells")
    changed = changed_stages(leaking, cases[protocol.name], one_gene_up)
    assert {"genes", "scale", "components", "weights"} <= changed


@pytest.mark.parametrize("protocol", HONEST, ids=IDS)
def test_training_on_test_cells_is_caught(protocol: Protocol, cases: dict[str, Case]) -> None:
    """A twin of the split that deals the test cells to training, too, is found out."""

    class LeakingSplit(Split):
        def rows(self, *parts: str) -> np.ndarray:
            return super().rows(*parts, *([TEST] if TRAINING in parts else []))

    case = cases[protocol.name]
    leaking = LeakingSplit(case.split.part_n)
    assert "weights" in changed_stages(protocol, case, genes_permuted, leaking)


@pytest.mark.parametrize("protocol", HONEST, ids=IDS)
def test_stopping_and_calibrating_on_test_cells_is_caught(
    protocol: Protocol, cases: dict[str, Case], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A twin that watches test cells leaks into the kept weights and the temperature only."""
    monkeypatch.setattr(fitting, "VALIDATION", TEST)
    changed = changed_stages(protocol, cases[protocol.name], other_cells)
    assert "temperature" in changed
    assert changed <= {"temperature", "stopping", "weights"}


def test_stopping_on_test_cells_moves_the_kept_epoch(
    intact: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With test cells that cannot be learnt, a twin that stops on them stops elsewhere."""
    monkeypatch.setattr(fitting, "VALIDATION", TEST)
    assert "stopping" in changed_stages(PROTOCOLS["inductive"], intact, genes_permuted)


def test_the_halves_of_one_gene_differ(cases: dict[str, Case]) -> None:
    """The protocol thinned does not see the counts that its labels were made from."""
    half, thinned = cases["half"], cases["thinned"]
    np.testing.assert_array_equal(half.labels.codes_n, thinned.labels.codes_n)
    assert (half.counts.counts_ng != thinned.counts.counts_ng).nnz > 0.3 * half.counts.counts_ng.nnz
