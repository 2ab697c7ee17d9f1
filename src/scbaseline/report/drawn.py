"""Results in; what each figure draws of them out, for files and for ``scbaseline.pl`` alike."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from scbaseline.errors import ConfigError, did_you_mean
from scbaseline.study.labels import groups_from_column
from scbaseline.study.protocols import ANOTHER_STUDY
from scbaseline.study.results import Audit, Run, Training

if TYPE_CHECKING:  # it loads torch
    from scbaseline.study.evaluate import Evaluation


def umap_of(run: Run) -> dict[str, Any]:
    """Return what :func:`~scbaseline.report.figures.umap.umap_figure` draws of a run."""
    config = run.config
    groups = None if config.group_key is None else groups_from_column(run.cells.obs, config)
    return {
        "xy_n2": run.exploration.umap_n2,
        "clusters_n": run.exploration.clusters_n,
        "title_of": run.names.title_of,
        "groups": groups,
        "labels": run.labels,
        "footer": run.data.notice,
    }


def qc_of(result: Run | Audit | Training) -> dict[str, Any]:
    """Return what :func:`~scbaseline.report.figures.qc.qc_figure` draws of a result."""
    # The figure needs the number of genes, not the counts.
    cells = result.cells
    none = np.zeros(len(cells.obs), dtype=bool)
    cells = replace(cells, counts=cells.counts.rows(none), obs=cells.obs[none])
    return {"cells": cells, "footer": result.data.notice}


def curves_of(run: Run) -> dict[str, Any]:
    """Return what :func:`~scbaseline.report.figures.curves.curves_figure` draws of a run.

    These are the curves of the classifiers that are saved; empty where there are none.
    """
    for fit in run.fits:
        learnt = {name: of_recipe.learnt for name, of_recipe in fit.recipes.items()}
        curves = {name: x.curve for name, x in learnt.items() if x is not None and x.curve}
        if curves:
            return {
                "curves": curves,
                "protocol": fit.protocol.name,
                "held_out_name": f"{fit.protocol.stops_on} cells",
                "footer": run.data.notice,
            }
    return {}


def confusion_of(result: "Run | Audit | Training | Evaluation", recipe: str) -> dict[str, Any]:
    """Return what :func:`~scbaseline.report.figures.confusion.confusion_figure` draws of a result.

    Clusters of drawn counts have other numbers than the run's, so that their matrices are left
    out; empty where no other is left.

    Raises
    ------
    ConfigError
        The result has no such recipe.
    """
    if isinstance(result, Run | Audit | Training):
        of_protocol = {
            name: (p.scorecards, p.tier)
            for name, p in result.evidence.protocols.items()
            if not p.protocol.draws_counts
        }
        footer = result.data.notice
    else:
        name = ANOTHER_STUDY.name
        of_protocol = {name: ({result.recipe: result.scorecard}, result.tier)}
        footer = ""
    if not of_protocol:
        return {}
    for scorecards, _ in of_protocol.values():
        if recipe not in scorecards:
            raise ConfigError(
                f"recipe: {recipe!r} is not in this result. {did_you_mean(recipe, scorecards)}"
            )
    return {
        "scorecards": {name: cards[recipe] for name, (cards, _) in of_protocol.items()},
        "recipe": recipe,
        "tiers": {name: tier for name, (_, tier) in of_protocol.items()},
        "footer": footer,
    }


def ladder_of(audit: Audit) -> dict[str, Any]:
    """Return what :func:`~scbaseline.report.figures.ladder.ladder_figure` draws of an audit."""
    return {
        "evidence": audit.evidence,
        "config": audit.config,
        "label_source": audit.labels.source,
        "footer": audit.data.notice,
    }
