"""An audit: raw counts and settings in; how much of the accuracy is real, out."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from scbaseline.compute import Pool
from scbaseline.config import RunConfig, with_settings
from scbaseline.judge.suspects import LabelAudit, suspect_labels
from scbaseline.stages import Stages
from scbaseline.study.labels import Labels
from scbaseline.study.line import Progress, Study, follow
from scbaseline.study.plan import Plan, split_repeatedly
from scbaseline.study.protocols import SAVES_MODELS
from scbaseline.study.results import Audit, Timings
from scbaseline.study.settings import settings_of_audit

if TYPE_CHECKING:
    from anndata import AnnData


def audit(
    adata: "AnnData",
    config: RunConfig | None = None,
    *,
    labels: Labels | None = None,
    progress: Callable[[str], None] | None = None,
    fitted: Progress | None = None,
    pool: Pool | None = None,
    **settings: Any,
) -> Audit:
    """Judge every recipe under every protocol, by repeated cross-validation.

    Each protocol is fitted ``config.folds`` × ``config.repeats`` times, the structureless
    controls once per draw. Labels with fewer cells than folds are left out.

    Parameters
    ----------
    adata
        Raw counts, cells × genes, in ``X``. It is not changed.
    config
        The settings; without chosen protocols, all of the table.
    labels, progress, fitted, pool, settings
        As for :func:`scbaseline.run`.

    Raises
    ------
    InputError
        The counts cannot be used; the message says why and what to do.
    ConfigError
        A setting cannot work on this machine.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> settings = dict(protocol="inductive", recipe="nearest-centroid", threads=1)
    >>> audit = sb.audit(adata, **settings, folds=2, repeats=1)
    >>> audit.evidence.score("inductive", "nearest-centroid", "accuracy").n
    693
    """
    config = settings_of_audit(with_settings(config, settings))
    stages = Stages(progress, threads=config.threads)
    plan = Plan(split_repeatedly, repeats=config.repeats)
    study = follow(adata, config, stages, plan=plan, labels=labels, pool=pool, fitted=fitted)
    suspects_by = (config.recipe or ())[-1]
    with stages("suspect labels"):
        suspects = _suspects(study, suspects_by)
    return Audit(
        config=config,
        data=study.cells.data,
        cells=study.cells.cells,
        labels=study.labels,
        trust=study.trust,
        names=study.names,
        evidence=study.evidence,
        suspects=suspects,
        suspects_by=suspects_by,
        timings=Timings(stages.wall_seconds, stages.times),
    )


def _suspects(study: Study, recipe: str) -> LabelAudit | None:
    """Find the cells whose label a classifier contradicts that was not trained on them."""
    judged = study.evidence.protocols.get(SAVES_MODELS.name)
    probability_r = None if judged is None else judged.held_out[recipe].probability_r
    if probability_r is None:
        return None
    return suspect_labels(study.labels.codes_n, np.stack(probability_r), study.labels.names)
