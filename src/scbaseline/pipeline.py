"""The straight line: raw counts and settings in; clusters, classifiers and their scores out."""

import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from scbaseline import __version__, keys
from scbaseline.card import ModelCard
from scbaseline.classifier import Classifier
from scbaseline.config import RunConfig
from scbaseline.data.check import check_counts
from scbaseline.data.provenance import provenance_of
from scbaseline.explore import explore_cells
from scbaseline.features import fit_feature_space
from scbaseline.fitting import Stage, run_protocol, totals
from scbaseline.labels import Labels, check_label_key, labels_from_clusters, labels_from_column
from scbaseline.networks import RECIPES, Recipe
from scbaseline.protocols import PROTOCOLS
from scbaseline.qc import filter_cells
from scbaseline.results import DataInfo, ProtocolRun, Run, Trained, rows_of
from scbaseline.split import split_cells
from scbaseline.threads import limit_threads
from scbaseline.train import choose_device

if TYPE_CHECKING:
    from anndata import AnnData


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
    stage = _stages(timings, progress, config.threads)

    with stage("check"):
        checked = check_counts(adata, total_key=config.total_key)
        data = _describe(checked)
        check_label_key(adata.obs, config)  # before quality control can say anything else
    with stage("quality control"):
        cells = filter_cells(checked, config)
    # Given labels are read before the slow steps: a wrong column is said at once.
    kept = cells.metrics["kept"].to_numpy()
    given = labels_from_column(adata.obs[kept], config) if config.label_key else None
    with stage("genes and PCA of all cells"):
        counts_ng, total_n = cells.adata.X, totals(cells.adata)
        whole = fit_feature_space(counts_ng, total_n, config)
        pcs_nc = whole.project(whole.scale(counts_ng, total_n))
    with stage("neighbours, Leiden, UMAP"):
        exploration = explore_cells(pcs_nc, config)
    labels = given or labels_from_clusters(exploration.clusters_n, config)
    split = split_cells(labels.codes_n, config)
    protocols = {
        name: run_protocol(
            PROTOCOLS[name],
            cells.adata,
            labels,
            split=split,
            config=config,
            whole=whole,
            stage=stage,
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
    rows = rows_of(
        one.protocol.name, one.tier, labels.source, recipe.name, one.evaluations[recipe.name]
    )
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
        config=config.to_dict(),
        versions=_versions(),
        kept_epoch=trained.fit.kept_epoch,
        notes=tuple(notes),
    )
    return Classifier.from_fit(
        card, trained.fit.network, one.space, temperature=trained.temperature
    )


def _describe(adata: "AnnData") -> DataInfo:
    origin = provenance_of(adata)  # brought up to date by check_counts
    return DataInfo(
        name=origin.name,
        title=origin.title,
        licence=origin.licence,
        citation=origin.citation,
        fingerprint=origin.fingerprint,
        notice=origin.notice,
        embedded=origin.embedded,
        total_key=origin.total_key,
        n_cells=adata.n_obs,
        n_genes=adata.n_vars,
        n_counts=int(adata.X.sum(dtype=np.float64)),
        n_other_features=origin.n_other_features,
    )


def _stages(
    timings: dict[str, float], progress: Callable[[str], None] | None, threads: int | None
) -> Stage:
    @contextmanager
    def stage(name: str) -> Iterator[None]:
        if progress is not None:
            progress(name)
        start = time.perf_counter()
        # Set anew for each stage: a library that a stage loads brings a pool of its own.
        with limit_threads(threads):
            yield
        timings[name] = time.perf_counter() - start

    return stage


def _versions() -> dict[str, str]:
    packages = ("torch", "numpy", "scipy", "scikit-learn", "scanpy", "anndata")
    own = {"python": platform.python_version(), "scbaseline": __version__}
    return own | {name: metadata.version(name) for name in packages}
