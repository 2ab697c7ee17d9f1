"""Training for use: labelled counts in; one classifier, and what held-out cells say of it, out."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scbaseline.compute import Pool, open_pool
from scbaseline.config import RunConfig, with_settings
from scbaseline.errors import ConfigError
from scbaseline.learn.recipes import FIT_MODULES
from scbaseline.ranks import ALONE, Ranks, threads_of
from scbaseline.stages import Stages
from scbaseline.study.assemble import classifiers_of
from scbaseline.study.checkpoints import check_checkpoint
from scbaseline.study.exam import check_exam, leave_one_label_out
from scbaseline.study.labels import Labels
from scbaseline.study.line import Progress, follow
from scbaseline.study.plan import Plan, split_once, split_repeatedly
from scbaseline.study.prepare import in_memory
from scbaseline.study.results import Timings, Training
from scbaseline.study.rivals import compare_with_rivals
from scbaseline.study.settings import settings_of_training
from scbaseline.study.split import split_without_test

if TYPE_CHECKING:
    from anndata import AnnData

BY_FOLDS = Plan(split_repeatedly, model_split=split_without_test, views=True)
ONE_SPLIT = Plan(split_once, keep_models=True)


def train(
    adata: "AnnData",
    config: RunConfig | None = None,
    *,
    labels: Labels | None = None,
    progress: Callable[[str], None] | None = None,
    fitted: Progress | None = None,
    pool: Pool | None = None,
    ranks: Ranks = ALONE,
    checkpoint: Path | None = None,
    exam: bool = False,
    **settings: Any,
) -> Training:
    """Train one classifier on all labelled cells, and judge its recipe on held-out cells.

    In memory, the classifier's own training leaves out a validation part, which stops and
    calibrates it, and has no test cells: its scores are those of ``config.folds`` other fits
    of the same recipe, each judged on cells, or with a group key on groups, that it had not
    seen. From disk, one split stands in for the cross-validation, and the scores are of the
    classifier itself.

    Parameters
    ----------
    adata
        Raw counts, cells × genes, in ``X``, with labels in ``obs[config.label_key]``; in
        memory, or on disk as :func:`~scbaseline.data.read.open_counts` gives them. Memory is
        then set by a block of cells and by the number of chosen genes squared.
    config
        The settings; ``label_key`` is needed, here or by its name, and at most one recipe.
    labels, progress, fitted, pool, settings
        As for :func:`scbaseline.run`.
    exam
        Also leave each label out once, and measure how well its cells are found to be unknown:
        one fit more for each label. With a group key, known cells are of unseen groups.
        Counts must be in memory.
    ranks
        Those that share the cells, as ``torchrun`` starts them; counts are then on disk. Each
        takes batches of ``config.batch_size`` of its own cells, and all return the same.
    checkpoint
        A folder in which a network's training is kept from epoch to epoch; a training that
        was killed goes on from there.

    Raises
    ------
    ConfigError
        No label key, or more than one recipe; a group key or an exam where counts are on disk;
        an exam of a recipe without unknown score, or with fewer than three labels; several
        ranks, and counts in memory; a checkpoint of another training, of a recipe without
        epochs, or that names a file.
    OutputError
        The folder of checkpoints cannot be written to.
    InputError
        The counts or the labels cannot be used; the message says why and what to do.

    Examples
    --------
    >>> import scbaseline as sb
    >>> adata = sb.read_counts("pbmc68k_reduced")
    >>> settings = dict(label_key="bulk_labels", recipe="nearest-centroid", folds=2, threads=1)
    >>> training = sb.train(adata, **settings)
    >>> training.classifier.save("model.safetensors")  # doctest: +SKIP
    >>> training.classifier.card.labels[:2]
    ('CD14+ Monocyte', 'CD19+ B')
    """
    config = settings_of_training(with_settings(config, settings))
    if not in_memory(adata) and config.group_key is not None:
        raise ConfigError(
            "group_key: training from disk tests on a random fifth of the cells, not on unseen "
            f"{config.group_key}; leave --group-key out, or --no-from-disk where memory suffices"
        )
    if in_memory(adata) and ranks.size > 1:
        raise ConfigError(
            f"{ranks.size} ranks: they share counts on disk; pass an .h5ad or .zarr, or a folder "
            "of them, or leave torchrun out"
        )
    check_checkpoint(checkpoint, config)
    if exam:
        check_exam(config, in_memory=in_memory(adata))
    stages = Stages(progress, threads=config.threads or threads_of(ranks))
    plan = ONE_SPLIT if not in_memory(adata) else BY_FOLDS
    with nullcontext(pool) if pool else open_pool(config.threads, modules=FIT_MODULES) as pool:
        study = follow(
            adata, config, stages, plan=plan, labels=labels, pool=pool, fitted=fitted,
            ranks=ranks, checkpoint=checkpoint,
        )  # fmt: skip
        with stages("model"):
            (classifier,) = classifiers_of(study, config, ranks=ranks).values()
        if exam:
            rows = leave_one_label_out(study, config, stages, pool)
            classifier = classifier.changed(exam=rows)
    (evidence,) = study.evidence.protocols.values()
    with stages("scores of thinned and cut cells"):
        views = compare_with_rivals(study.fits, config, groups=study.cells.groups)
    return Training(
        config=config,
        data=study.cells.data,
        cells=study.cells.cells,
        labels=study.labels,
        evidence=study.evidence,
        n_folds=evidence.n_fits if plan is BY_FOLDS else 0,
        classifier=classifier,
        timings=Timings(stages.wall_seconds, stages.times),
        views=views,
    )
