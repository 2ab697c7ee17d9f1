"""A fit whose modules were kept in; classifiers that can be saved, each with its card, out."""

import platform
from dataclasses import asdict, replace
from importlib import metadata

import pandas as pd

from scbaseline import __version__, keys
from scbaseline.config import RunConfig
from scbaseline.learn.recipes import RECIPES, chosen_recipes
from scbaseline.model.card import ModelCard
from scbaseline.model.classifier import Classifier
from scbaseline.model.gene_weights import ValidationCells, with_coverage
from scbaseline.randomness import Stream, library_seed
from scbaseline.ranks import ALONE, Ranks, gathered_csr, share_of
from scbaseline.study.fit import Fit
from scbaseline.study.line import Study
from scbaseline.study.with_doubt import validation_rows, with_doubt

# A label may live in one group alone: to hold a group out of the model could cost it the label.
_NOT_BY_GROUP = (
    "; it stops and is calibrated on cells of groups that it was trained on, so that on others"
    " its probabilities may be surer than those of the cross-validation"
)


def classifiers_of(
    study: Study, config: RunConfig, *, ranks: Ranks = ALONE
) -> dict[str, Classifier]:
    """Make a classifier of each chosen recipe of the fit whose modules were kept, if any.

    Parameters
    ----------
    study
        The fits and their evidence.
    config
        Settled settings.
    ranks
        Those that share the cells.
    """
    kept = [fit for fit in study.fits if fit.space is not None]
    return {
        recipe.name: _classifier(recipe.name, fit, study, config, ranks)
        for fit in kept
        for recipe in chosen_recipes(config.recipe)
    }


def _classifier(recipe: str, fit: Fit, study: Study, config: RunConfig, ranks: Ranks) -> Classifier:
    """Join what was fitted for one recipe into a module that takes raw counts."""
    fitted, space = fit.recipes[recipe], fit.space
    if space is None or fitted.learnt is None or fitted.temperature is None:
        raise AssertionError(f"{recipe}: a saved model is kept and calibrated")
    # Of the very module, or of other fits of the same recipe.
    evidence = study.evidence.protocols.get(fit.protocol.name)
    if evidence is None or not len(fit.test):
        (evidence,) = study.evidence.protocols.values()
    genes = study.cells.cells.var.iloc[fitted.genes_g]
    notes = list(fit.notes)  # those on the input stand with the data
    if fit.labels.rare:
        notes.append(f"labels left out, with too few cells: {', '.join(fit.labels.rare)}")
    if ranks.size > 1:
        notes.append(f"trained by {ranks.size} ranks, {config.batch_size} cells of each in a step")
    card = ModelCard(
        recipe=RECIPES[recipe],
        labels=fit.labels.names,
        label_source=fit.labels.source,
        gene_symbols=tuple(genes.index),
        gene_ids=tuple(genes.get(keys.GENE_IDS, pd.Series("", genes.index)).astype(str)),
        protocol=evidence.protocol.name,
        tier=evidence.tier,
        judged=_judged(fit, study, config, evidence.n_fits),
        metrics=tuple(asdict(row) for row in evidence.rows if row.recipe == recipe),
        data=asdict(study.cells.data),
        config=replace(config, markers=None).to_dict(),  # a path; no model depends on it
        versions=_versions(),
        kept_epoch=0 if fitted.learnt.curve is None else fitted.learnt.curve.kept_epoch,
        notes=tuple(notes),
    )
    classifier = Classifier.from_fit(
        card, fitted.learnt.module, space, temperature=fitted.temperature
    )
    validation = validation_rows(fit.split)
    own = validation[share_of(len(validation), ranks)]
    watched_ng = study.cells.counts.rows(own).counts_ng[:, fitted.genes_g]
    cells = ValidationCells(
        gathered_csr(watched_ng, ranks).toarray(),
        study.cells.counts.total_n[validation],
        fit.labels.codes_n[validation],
    )
    classifier = with_coverage(classifier, cells, seed=library_seed(config.seed, Stream.GENE_LOSS))
    return with_doubt(classifier, cells, fit, study, config)


def _judged(fit: Fit, study: Study, config: RunConfig, n_folds: int) -> str:
    """Say on which cells the scores on the card rest."""
    if len(fit.test):
        return "test cells, which this model has not seen"
    by_group = study.cells.groups is not None
    return (
        f"{n_folds}-fold cross-validation of the same recipe"
        + (f" by {config.group_key}" if by_group else "")
        + "; the model itself has no test cells"
        + (_NOT_BY_GROUP if by_group else "")
    )


def _versions() -> dict[str, str]:
    packages = ("torch", "numpy", "scipy", "scikit-learn", "igraph", "anndata")
    own = {"python": platform.python_version(), "scbaseline": __version__}
    return own | {name: metadata.version(name) for name in packages}
