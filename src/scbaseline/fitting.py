"""One protocol: counts, labels and a split in; fitted features, networks and their scores out."""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from scbaseline import keys
from scbaseline.baselines import BASELINES, predict_baseline
from scbaseline.calibrate import fit_temperature
from scbaseline.config import RunConfig
from scbaseline.evaluate import evaluate_predictions
from scbaseline.features import FeatureSpace, ScaledCounts, fit_feature_space
from scbaseline.labels import Labels
from scbaseline.networks import RECIPES, Recipe
from scbaseline.protocols import Protocol
from scbaseline.results import ProtocolRun, Trained
from scbaseline.split import TEST, TRAINING, VALIDATION, Split
from scbaseline.train import Examples, fit_network, logits

if TYPE_CHECKING:
    from anndata import AnnData

Stage = Callable[[str], AbstractContextManager[None]]
"""Opens a named stage; the pipeline times it and reports that it began."""


def run_protocol(
    protocol: Protocol,
    adata: "AnnData",
    labels: Labels,
    *,
    split: Split,
    config: RunConfig,
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
        What to learn, and the part of each cell; without test cells, nothing is judged.
    whole
        The feature space of all cells, where it has been fitted already.
    stage
        Opens a named stage around each step.
    """
    if protocol.stops_on == "test":
        split = split.without_validation()
    train, test = split.rows(TRAINING), split.rows(TEST)
    held_out = split.rows(TEST if protocol.stops_on == "test" else VALIDATION)
    counts_ng, total_n = adata.X, totals(adata)
    with stage(f"{protocol.name}: features"):
        if protocol.features_from == "training":
            space = fit_feature_space(counts_ng[train], total_n[train], config)
        else:
            space = whole or fit_feature_space(counts_ng, total_n, config)
        scaled = space.scale(counts_ng, total_n)
        pcs_nc = space.project(scaled)
        features: dict[str, NDArray[np.float32] | ScaledCounts]
        features = {"pca": pcs_nc, "hvg": scaled}

    trained: dict[str, Trained] = {}
    for name in config.recipe:
        with stage(f"{protocol.name}: {name}"):
            recipe = RECIPES[name]
            if not protocol.saves_models:  # its training curve is not drawn
                recipe = replace(recipe, extra_epochs=0)
            trained[name] = _train_network(
                recipe,
                features[recipe.features],
                labels,
                train=train,
                held_out=held_out,
                config=config,
                calibrated=protocol.saves_models,
            )
    for name in BASELINES:
        with stage(f"{protocol.name}: {name}"):
            train_codes_n = labels.codes_n[train]
            trained[name] = Trained(
                predict_baseline(
                    name, pcs_nc[train], train_codes_n, query_pcs_nc=pcs_nc, config=config
                )
            )
    evaluations = {}
    for name, one in trained.items() if len(test) else ():
        right = one.predicted_n[train] == labels.codes_n[train]
        evaluations[name] = evaluate_predictions(
            labels.codes_n[test],
            one.predicted_n[test],
            labels.names,
            config=config,
            train_accuracy=float(right.mean()),
            n_train=len(train),
        )
    tier = protocol.tier(labels.source)
    return ProtocolRun(protocol, tier, split, space, trained, evaluations)


def totals(adata: "AnnData") -> NDArray[np.float64]:
    """Return each cell's total count, as the check of the counts left it in ``obs``."""
    total_n: NDArray[np.float64] = adata.obs[keys.TOTAL_COUNTS].to_numpy(np.float64)
    return total_n


def _train_network(
    recipe: Recipe,
    x: NDArray[np.float32] | ScaledCounts,
    labels: Labels,
    *,
    train: NDArray[np.int64],
    held_out: NDArray[np.int64],
    config: RunConfig,
    calibrated: bool,
) -> Trained:
    """Train one recipe on the rows ``train``, watching ``held_out``; predict every cell."""
    cells = Examples(x, labels.codes_n)
    fit = fit_network(
        recipe,
        cells.rows(train),
        cells.rows(held_out),
        n_labels=len(labels.names),
        config=config,
    )
    logits_nk = logits(fit.network, x)
    predicted_n = logits_nk.argmax(axis=1)
    if not calibrated:
        return Trained(predicted_n, fit)
    temperature = fit_temperature(logits_nk[held_out], labels.codes_n[held_out])
    probability_n = softmax(logits_nk / temperature, axis=1).max(axis=1)
    return Trained(predicted_n, fit, probability_n, temperature)
