"""Nothing is learnt from a test cell unless the protocol's name says so.

Cell mask, labels and split are made once, on intact data, and passed in. Then the test
cells' counts are replaced, and everything that was fitted must be equal to the bit. For
every stage there is a twin that leaks on purpose, and the same comparison must catch it:
a comparison that no leak can fail would prove nothing.
"""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from anndata import AnnData
from conftest import SMALL, simulate
from scipy import sparse

from scbaseline import (
    check_counts,
    fitting,
    keys,
    labels_from_column,
    pipeline,
    predict_baseline,
    split_cells,
)
from scbaseline.baselines import BASELINES
from scbaseline.features import FeatureSpace, fit_feature_space
from scbaseline.labels import Labels
from scbaseline.protocols import PROTOCOLS, Protocol
from scbaseline.split import TEST, TRAINING, VALIDATION, Split

pytestmark = pytest.mark.xdist_group("honesty")  # its module fixtures are costly

CONFIG = dataclasses.replace(SMALL, label_key="cell_type", min_cells=3)
HONEST = [protocol for protocol in PROTOCOLS.values() if protocol.saves_models]


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
def intact() -> tuple[AnnData, Labels, Split]:
    cells = simulate(n_cells=300, n_types=3, seed=3)
    labels = labels_from_column(cells.obs, CONFIG)
    return cells, labels, split_cells(labels.codes_n, CONFIG)


def tampered(cells: AnnData, split: Split, tamper: Callable[..., None]) -> AnnData:
    """Return the cells with the test cells' counts replaced, and totals made anew."""
    counts = cells.X.toarray()
    tamper(counts, split.rows(TEST), np.random.default_rng(0))
    changed = AnnData(sparse.csr_matrix(counts), obs=cells.obs.copy(), var=cells.var.copy())
    return check_counts(changed)


def fitted(
    protocol: Protocol, cells: AnnData, labels: Labels, split: Split
) -> dict[str, list[np.ndarray]]:
    """Return everything that is fitted under a protocol, by the stage that fits it."""
    # As `run` calls it: the space of all cells is at hand, and must not be used.
    total_n = cells.obs[keys.TOTAL_COUNTS].to_numpy()
    whole = fit_feature_space(cells.X, total_n, CONFIG)
    one = fitting.run_protocol(protocol, cells, labels, split=split, config=CONFIG, whole=whole)
    networks = [one.trained[name] for name in CONFIG.recipe]
    known = split.rows(TRAINING, VALIDATION)
    return {
        "baselines": [
            one.trained[name].predicted_n[known] for name in BASELINES if name in one.trained
        ],
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
    intact: tuple[AnnData, Labels, Split],
    tamper: Callable[..., None],
    split: Split | None = None,
) -> set[str]:
    """Return the stages whose fit depends on the test cells."""
    cells, labels, main = intact
    split = split or main
    before = fitted(protocol, cells, labels, split)
    after = fitted(protocol, tampered(cells, main, tamper), labels, split)
    return {
        stage
        for stage in before
        if not all(
            np.array_equal(one, two) for one, two in zip(before[stage], after[stage], strict=True)
        )
    }


@pytest.mark.parametrize("tamper", TAMPERINGS)
@pytest.mark.parametrize("protocol", HONEST, ids=lambda protocol: protocol.name)
def test_nothing_fitted_depends_on_a_test_cell(
    protocol: Protocol, tamper: Callable[..., None], intact: tuple[AnnData, Labels, Split]
) -> None:
    """Genes, scale, components, weights, stopping and temperature: all equal to the bit."""
    assert changed_stages(protocol, intact, tamper) == set()


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_tampering_changes_what_is_predicted(
    tamper: Callable[..., None], intact: tuple[AnnData, Labels, Split]
) -> None:
    """The replaced counts are other counts: the test cells' components change."""
    cells, _, split = intact
    space = fit_feature_space(cells.X, cells.obs[keys.TOTAL_COUNTS].to_numpy(), CONFIG)
    other = tampered(cells, split, tamper)
    before, after = (
        space.project(space.scale(one.X, one.obs[keys.TOTAL_COUNTS].to_numpy()))[split.rows(TEST)]
        for one in (cells, other)
    )
    assert np.abs(before - after).max() > 0.1


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_published_is_caught(
    tamper: Callable[..., None], intact: tuple[AnnData, Labels, Split]
) -> None:
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
    intact: tuple[AnnData, Labels, Split],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A twin that takes only its genes, or scale, or components from all cells is found out."""
    cells, labels, split = intact

    def fit_with_leak(data: AnnData) -> Callable[..., FeatureSpace]:
        total_n = data.obs[keys.TOTAL_COUNTS].to_numpy()
        whole = fit_feature_space(data.X, total_n, CONFIG)
        return lambda counts, totals, config: leak(fit_feature_space(counts, totals, config), whole)

    found = []
    for data in (cells, tampered(cells, split, tamper)):
        monkeypatch.setattr(fitting, "fit_feature_space", fit_with_leak(data))
        found.append(fitted(PROTOCOLS["inductive"], data, labels, split)[stage])
    assert not all(np.array_equal(one, two) for one, two in zip(*found, strict=True))


@pytest.mark.parametrize("tamper", TAMPERINGS)
@pytest.mark.parametrize("label_key", ["cell_type", None])
def test_a_saved_model_does_not_depend_on_a_test_cell(
    tamper: Callable[..., None],
    label_key: str | None,
    intact: tuple[AnnData, Labels, Split],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Through the whole run, with mask, labels and split of the intact data, files are equal.

    The card's metrics and the data's fingerprint are about the test cells, and differ.
    """
    cells, labels, split = intact
    config = dataclasses.replace(CONFIG, label_key=label_key, recipe=("pca", "hvg-earlystop"))
    monkeypatch.setattr(pipeline, "labels_from_column", lambda *_: labels)
    monkeypatch.setattr(pipeline, "labels_from_clusters", lambda *_: labels)
    monkeypatch.setattr(pipeline, "split_cells", lambda *_: split)
    found = []
    for data in (cells, tampered(cells, split, tamper)):
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
    intact: tuple[AnnData, Labels, Split], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A twin that fits the baselines on every labelled cell is found out.

    With labels at random, so that each cell that is fitted on moves the boundary.
    """
    cells, labels, split = intact
    codes_n = np.random.default_rng(0).integers(len(labels.names), size=cells.n_obs)
    labels = dataclasses.replace(labels, codes_n=codes_n)

    def leaking(name: str, *_: np.ndarray, query_nf: np.ndarray, **settings: object) -> object:
        return predict_baseline(name, query_nf, labels.codes_n, query_nf=query_nf, **settings)

    monkeypatch.setattr(fitting, "predict_baseline", leaking)
    changed = changed_stages(PROTOCOLS["inductive"], (cells, labels, split), genes_permuted)
    assert "baselines" in changed


def test_taking_the_space_of_all_cells_is_caught(
    intact: tuple[AnnData, Labels, Split],
) -> None:
    """A twin of the protocol that takes the exploration's features is found out."""
    leaking = dataclasses.replace(PROTOCOLS["inductive"], features_from="all")
    changed = changed_stages(leaking, intact, one_gene_up)
    assert {"genes", "scale", "components", "weights"} <= changed


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_training_on_test_cells_is_caught(
    tamper: Callable[..., None], intact: tuple[AnnData, Labels, Split]
) -> None:
    """A twin of the split that deals the test cells to training, too, is found out."""

    class LeakingSplit(Split):
        def rows(self, *parts: str) -> np.ndarray:
            return super().rows(*parts, *([TEST] if TRAINING in parts else []))

    leaking = LeakingSplit(intact[2].part_n)
    assert "weights" in changed_stages(PROTOCOLS["inductive"], intact, tamper, leaking)


@pytest.mark.parametrize("tamper", TAMPERINGS)
def test_stopping_and_calibrating_on_test_cells_is_caught(
    tamper: Callable[..., None],
    intact: tuple[AnnData, Labels, Split],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A twin that watches test cells leaks into the kept weights and the temperature only."""
    monkeypatch.setattr(fitting, "VALIDATION", TEST)
    changed = changed_stages(PROTOCOLS["inductive"], intact, tamper)
    assert "temperature" in changed
    assert changed <= {"temperature", "stopping", "weights"}


def test_stopping_on_test_cells_moves_the_kept_epoch(
    intact: tuple[AnnData, Labels, Split], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With test cells that cannot be learnt, a twin that stops on them stops elsewhere."""
    monkeypatch.setattr(fitting, "VALIDATION", TEST)
    assert "stopping" in changed_stages(PROTOCOLS["inductive"], intact, genes_permuted)
