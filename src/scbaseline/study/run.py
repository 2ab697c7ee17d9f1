"""A run: raw counts and settings in; clusters, classifiers and their scores out."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from scbaseline.cells.explore import exploration_of
from scbaseline.compute import Pool
from scbaseline.config import RunConfig, with_settings
from scbaseline.stages import Stages
from scbaseline.study.assemble import classifiers_of
from scbaseline.study.labels import Labels
from scbaseline.study.line import Progress, follow
from scbaseline.study.plan import Plan, Splits, split_once
from scbaseline.study.results import Run, Timings
from scbaseline.study.settings import settings_of_run

if TYPE_CHECKING:
    from anndata import AnnData

PLAN = Plan(split_once, explore=True, keep_models=True)


def run(
    adata: "AnnData",
    config: RunConfig | None = None,
    *,
    labels: Labels | None = None,
    splits: Splits = split_once,
    progress: Callable[[str], None] | None = None,
    fitted: Progress | None = None,
    pool: Pool | None = None,
    **settings: Any,
) -> Run:
    """Take raw counts to clusters, trained classifiers and their scores.

    Parameters
    ----------
    adata
        Raw counts, cells × genes, in ``X``. It is not changed.
    config
        The settings; the defaults are those of the field's tutorials.
    labels
        What to learn on all counts, one code per kept cell; by default the given column, or
        Leiden clusters.
    splits
        How cells are dealt to training, validation and test.
    progress
        Called with each stage's name when the stage begins.
    fitted
        Called after each fit.
    pool
        Background processes, as :func:`scbaseline.compute.open_pool` opens them; by default
        as many as there are processors, for this call alone.
    settings
        Any field of :class:`scbaseline.RunConfig` by its name, e.g. ``label_key="cell_type"``;
        it wins over ``config``.

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
    >>> result = sb.run(adata, label_key="bulk_labels", recipe="logistic", threads=1)
    >>> result.evidence.score("inductive", "logistic", "accuracy").n
    139
    """
    config = settings_of_run(with_settings(config, settings))
    stages = Stages(progress, threads=config.threads)
    plan = replace(PLAN, splits=splits)
    study = follow(adata, config, stages, plan=plan, labels=labels, pool=pool, fitted=fitted)
    if study.clustering is None or study.names is None or study.umap_n2 is None:
        raise AssertionError("a run explores its cells")
    with stages("models"):
        classifiers = classifiers_of(study, config)
    return Run(
        config=config,
        data=study.cells.data,
        cells=study.cells.cells,
        labels=study.labels,
        exploration=exploration_of(study.clustering, study.umap_n2, config),
        trust=study.trust,
        names=study.names,
        fits=study.fits,
        evidence=study.evidence,
        classifiers=classifiers,
        timings=Timings(stages.wall_seconds, stages.times),
    )
