"""The straight line: raw counts and settings in; clusters, classifiers and their scores out."""

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import softmax

from scbaseline import __version__, keys
from scbaseline.baselines import BASELINES, predict_baseline
from scbaseline.calibrate import fit_temperature
from scbaseline.card import ModelCard
from scbaseline.classifier import Classifier
from scbaseline.config import RunConfig
from scbaseline.data.check import check_counts
from scbaseline.data.provenance import provenance_of
from scbaseline.evaluate import Evaluation, evaluate_predictions
from scbaseline.explore import explore_cells
from scbaseline.features import FeatureSpace, fit_feature_space
from scbaseline.labels import Labels, check_label_key, labels_from_clusters, labels_from_column
from scbaseline.networks import RECIPES, Recipe
from scbaseline.protocols import PROTOCOLS, Protocol
from scbaseline.qc import filter_cells
from scbaseline.results import DataInfo, ProtocolRun, Run, Trained, rows_of
from scbaseline.split import TEST, TRAINING, VALIDATION, Split, split_cells
from scbaseline.threads import limit_threads
from scbaseline.train import Examples, choose_device, fit_network, logits

if TYPE_CHECKING:
    from anndata import AnnData

Stage = Callable[[str], AbstractContextManager[None]]
"""Opens a named stage; the pipeline times it and reports that it began."""


def run(
    adata: "AnnData",
    config: RunConfig | None = None,
    *,
    progress: Callable[[str], None] | None = None,
) -> Run:
    """Take raw counts to clusters, trained classifiers and their scores.

    Parameters
    ----------
    adata
        Raw counts, cells × genes, in ``X``. It is not changed.
    config
        The settings; the defaults are those of the field's tutorials.
    progress
        Called with each stage's name when the stage begins.

    Raises
    ------
    InputError
        The counts cannot be used; the message says why and what to do.
    ConfigError
        A setting cannot work on this machine.
    """
    config = config or RunConfig()
    choose_device(config.device)  # a missing GPU is said now, not after the exploration
    timings: dict[str, float] = {}
    stage = _stages(timings, progress)

    with limit_threads(config.threads):
        with stage("check"):
            checked = check_counts(adata, total_key=config.total_key)
            data = _describe(checked)
            check_label_key(checked.obs, config)  # before quality control can say anything else
        with stage("quality control"):
            cells = filter_cells(checked, config)
        # Given labels are read before the slow steps: a wrong column is said at once.
        given = labels_from_column(cells.adata.obs, config) if config.label_key else None
        with stage("genes and PCA of all cells"):
            counts_ng, total_n = cells.adata.X, _totals(cells.adata)
            whole = fit_feature_space(counts_ng, total_n, config)
            pcs_nc = whole.project(whole.scale(counts_ng, total_n))
        with stage("neighbours, Leiden, UMAP"):
            exploration = explore_cells(pcs_nc, config)
        labels = given or labels_from_clusters(exploration.clusters_n, config)
        split = split_cells(labels.codes_n, config)
        protocols = {
            name: run_protocol(
                PROTOCOLS[name], cells.adata, labels, split, config, whole=whole, stage=stage
            )
            for name in config.protocol
        }
    classifiers = {
        recipe: _classifier(RECIPES[recipe], trained, one, cells.adata, labels, data, config)
        for one in protocols.values()
        if one.protocol.saves_models
        for recipe, trained in one.trained.items()
        if recipe in RECIPES
    }
    return Run(config, data, cells, exploration, labels, protocols, classifiers, timings)


def run_protocol(
    protocol: Protocol,
    adata: "AnnData",
    labels: Labels,
    split: Split,
    config: RunConfig,
    *,
    whole: FeatureSpace | None = None,
    stage: Stage = lambda _: nullcontext(),
) -> ProtocolRun:
    """Fit features, networks and baselines as one protocol says, and judge them on test cells.

    Parameters
    ----------
    protocol
        What is fitted on which cells.
    adata
        The kept cells: raw counts over all genes in ``X``, totals in ``obs``.
    labels, split
        What to learn, and the part of each cell.
    whole
        The feature space of all cells, where it has been fitted already.
    """
    if protocol.stops_on == "test":
        split = split.without_validation()
    train, test = split.rows(TRAINING), split.rows(TEST)
    held_out = split.rows(TEST if protocol.stops_on == "test" else VALIDATION)
    counts_ng, total_n = adata.X, _totals(adata)
    with stage(f"{protocol.name}: features"):
        if protocol.features_from == "training":
            space = fit_feature_space(counts_ng[train], total_n[train], config)
        else:
            space = whole or fit_feature_space(counts_ng, total_n, config)
        scaled = space.scale(counts_ng, total_n)
        pcs_nc = space.project(scaled)
        x_nf = {"pca": pcs_nc, "hvg": scaled.dense()}

    def judge(predicted_n: NDArray[np.int64]) -> Evaluation:
        right = predicted_n[train] == labels.codes_n[train]
        return evaluate_predictions(
            labels.codes_n[test],
            predicted_n[test],
            labels.names,
            config,
            train_accuracy=float(right.mean()),
            n_train=len(train),
        )

    trained: dict[str, Trained] = {}
    for name in config.recipe:
        with stage(f"{protocol.name}: {name}"):
            recipe = RECIPES[name]
            features = x_nf[recipe.features]
            fit = fit_network(
                recipe,
                Examples(features[train], labels.codes_n[train]),
                Examples(features[held_out], labels.codes_n[held_out]),
                n_labels=len(labels.names),
                config=config,
            )
            logits_nk = logits(fit.network, features)
            predicted_n = logits_nk.argmax(axis=1)
            temperature = probability_n = None
            if protocol.saves_models:
                temperature = fit_temperature(logits_nk[held_out], labels.codes_n[held_out])
                probability_n = softmax(logits_nk / temperature, axis=1).max(axis=1)
            trained[name] = Trained(
                predicted_n, judge(predicted_n), fit, probability_n, temperature
            )
    for name in BASELINES:
        with stage(f"{protocol.name}: {name}"):
            predicted_n = predict_baseline(
                name, pcs_nc[train], labels.codes_n[train], pcs_nc, config
            )
            trained[name] = Trained(predicted_n, judge(predicted_n))
    return ProtocolRun(protocol, protocol.tier(labels.source), split, space, trained)


def _classifier(
    recipe: Recipe,
    trained: Trained,
    one: ProtocolRun,
    adata: "AnnData",
    labels: Labels,
    data: DataInfo,
    config: RunConfig,
) -> Classifier:
    if trained.fit is None or trained.temperature is None:
        raise AssertionError(f"{recipe.name}: a saved model is a calibrated network")
    genes = adata.var.iloc[one.space.genes_g]
    notes = [note for note in (data.notice, *one.space.notes) if note]
    if labels.rare:
        notes.append(f"labels left out, with too few cells: {', '.join(labels.rare)}")
    rows = rows_of(one.protocol.name, one.tier, labels.source, recipe.name, trained.evaluation)
    card = ModelCard(
        recipe=recipe,
        labels=labels.names,
        label_source=labels.source,
        gene_symbols=tuple(genes.index),
        gene_ids=tuple(genes.get(keys.GENE_IDS, pd.Series("", genes.index)).astype(str)),
        protocol=one.protocol.name,
        tier=one.tier,
        metrics=tuple(asdict(row) for row in rows),
        data=asdict(data),
        # Where and how fast it was trained is not part of what it is.
        config={k: v for k, v in config.to_dict().items() if k not in ("device", "threads")},
        versions=_versions(),
        kept_epoch=trained.fit.kept_epoch,
        notes=tuple(notes),
    )
    return Classifier.from_fit(card, trained.fit.network, one.space, trained.temperature)


def _describe(adata: "AnnData") -> DataInfo:
    origin = provenance_of(adata)  # brought up to date by check_counts
    return DataInfo(
        name=origin.name,
        title=origin.title,
        licence=origin.licence,
        citation=origin.citation,
        fingerprint=origin.fingerprint,
        notice=origin.notice,
        n_cells=adata.n_obs,
        n_genes=adata.n_vars,
        n_counts=int(adata.X.sum(dtype=np.float64)),
        n_other_features=origin.n_other_features,
    )


def _totals(adata: "AnnData") -> NDArray[np.float64]:
    totals: NDArray[np.float64] = adata.obs[keys.TOTAL_COUNTS].to_numpy(np.float64)
    return totals


def _stages(timings: dict[str, float], progress: Callable[[str], None] | None) -> Stage:
    @contextmanager
    def stage(name: str) -> Iterator[None]:
        if progress is not None:
            progress(name)
        start = time.perf_counter()
        yield
        timings[name] = time.perf_counter() - start

    return stage


def _versions() -> dict[str, str]:
    packages = ("torch", "numpy", "scipy", "scikit-learn", "scanpy", "anndata")
    own = {"python": platform.python_version(), "scbaseline": __version__}
    return own | {name: metadata.version(name) for name in packages}
