"""From a fitted protocol to a classifier: the module, its card, and what its genes are worth."""

import platform
from dataclasses import asdict
from importlib import metadata
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import torch

from scbaseline import __version__, keys
from scbaseline.config import RunConfig
from scbaseline.data.info import DataInfo
from scbaseline.learn.recipes import Recipe
from scbaseline.model.card import ModelCard
from scbaseline.model.classifier import Classifier
from scbaseline.study.results import ProtocolRun, rows_of
from scbaseline.study.split import VALIDATION

if TYPE_CHECKING:
    from anndata import AnnData

_MOST_VALIDATION_CELLS = 2000  # to measure a gene-loss curve on


def build_classifier(
    recipe: Recipe,
    one: ProtocolRun,
    adata: "AnnData",
    *,
    data: DataInfo,
    config: RunConfig,
    judged: str,
) -> Classifier:
    """Join what a protocol fitted for one recipe into a classifier that can be saved.

    Parameters
    ----------
    recipe, one
        The recipe, and the protocol's run that holds its network.
    adata, data, config
        What the protocol was run on.
    judged
        On which cells the evaluations rest.
    """
    trained, labels = one.trained[recipe.name], one.labels
    if trained.fit is None or trained.temperature is None:
        raise AssertionError(f"{recipe.name}: a saved model is a calibrated network")
    genes = adata.var.iloc[one.space.genes_g]
    notes = list(one.space.notes)  # those on the input stand with the data
    if labels.rare:
        notes.append(f"labels left out, with too few cells: {', '.join(labels.rare)}")
    rows = rows_of(
        one.protocol.name,
        one.tier,
        recipe.name,
        one.evaluations[recipe.name],
        label_source=labels.source,
        label_origin=labels.origin,
    )
    card = ModelCard(
        recipe=recipe,
        labels=labels.names,
        label_source=labels.source,
        gene_symbols=tuple(genes.index),
        gene_ids=tuple(genes.get(keys.GENE_IDS, pd.Series("", genes.index)).astype(str)),
        protocol=one.protocol.name,
        tier=one.tier,
        judged=judged,
        metrics=tuple(asdict(row) for row in rows),
        data=asdict(data),
        config=config.to_dict(),
        versions=_versions(),
        kept_epoch=trained.fit.kept_epoch,
        notes=tuple(notes),
    )
    classifier = Classifier.from_fit(
        card, trained.fit.network, one.space, temperature=trained.temperature
    )
    validation = one.split.rows(VALIDATION)
    validation = validation[:: -(-len(validation) // _MOST_VALIDATION_CELLS)]
    total_n = adata.obs[keys.TOTAL_COUNTS].to_numpy(np.float64)
    counts_ng = adata.X[validation][:, one.space.genes_g].toarray()
    return classifier.with_coverage(
        torch.from_numpy(counts_ng),
        torch.from_numpy(total_n[validation].astype(np.float32)),
        labels.codes_n[validation],
        seed=config.seed,
    )


def _versions() -> dict[str, str]:
    packages = ("torch", "numpy", "scipy", "scikit-learn", "igraph", "anndata")
    own = {"python": platform.python_version(), "scbaseline": __version__}
    return own | {name: metadata.version(name) for name in packages}
