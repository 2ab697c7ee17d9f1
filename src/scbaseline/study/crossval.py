"""Folds of one protocol in; what each fit says of its test cells, out."""

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from scbaseline.cells.space import FeatureSpace
from scbaseline.cells.thinning import Counts
from scbaseline.config import RunConfig
from scbaseline.study.fit import fit_protocol
from scbaseline.study.labels import Labels
from scbaseline.study.out_of_fold import FoldFit
from scbaseline.study.protocols import Protocol
from scbaseline.study.split import TEST, TRAINING, Split
from scbaseline.threads import limit_threads, usable_processors


@dataclass(frozen=True)
class FoldJob:
    """One fit of a cross-validation, with all that it needs.

    Attributes
    ----------
    repeat
        Which repeat the fold is of, from 0.
    whole
        The feature space of all cells, for protocols that fit it on all.
    """

    protocol: Protocol
    repeat: int
    counts: Counts
    labels: Labels
    split: Split
    config: RunConfig
    baselines: tuple[str, ...]
    whole: FeatureSpace | None


def fit_folds(
    jobs: Iterable[FoldJob],
    *,
    done: Callable[[FoldFit], None] = lambda _: None,
    pool: Any = None,
) -> list[FoldFit]:
    """Fit every fold, side by side on as many processors as there are.

    Each fit is seeded by itself, so that neither their order nor their number at a time
    changes a result.

    Parameters
    ----------
    jobs
        The fits.
    done
        Called after each fit.
    pool
        As :func:`fold_pool` opens it; without it, fits run one after the other.

    Raises
    ------
    MemoryError
        A process was killed while it fitted, which is mostly for want of memory.
    """
    if pool is None:
        return [_counted(_fit(job), done) for job in jobs]
    from joblib import delayed
    from joblib.externals.loky.process_executor import TerminatedWorkerError

    try:
        return [_counted(fold, done) for fold in pool(delayed(_fit_alone)(job) for job in jobs)]
    except TerminatedWorkerError as error:
        raise MemoryError("a process that fitted a fold was killed") from error


@contextmanager
def fold_pool(config: RunConfig) -> Iterator[Any]:
    """Open the processes that folds are fitted in; yields None where one is enough.

    Parameters
    ----------
    config
        ``threads``: as many processes, each with one thread.
    """
    count = config.threads or usable_processors()
    if count == 1:
        yield None
        return
    from joblib import Parallel

    # Jobs travel through pipes: without max_nbytes, large arrays would go by way of files.
    with Parallel(n_jobs=count, return_as="generator", max_nbytes=None) as pool:
        yield pool


def fold_jobs(
    protocol: Protocol,
    counts: Counts,
    labels: Labels,
    *,
    splits: Sequence[Split],
    repeat: int,
    config: RunConfig,
    baselines: tuple[str, ...],
    whole: FeatureSpace | None = None,
) -> list[FoldJob]:
    """Return one job per fold of one repeat.

    Parameters
    ----------
    counts, labels
        Those that the protocol takes its features and its labels from.
    splits
        The folds.
    repeat
        Its number, from 0.
    config
        The settings, with this repeat's seed.
    baselines, whole
        As for :func:`scbaseline.study.fit.fit_protocol`.
    """
    whole = whole if protocol.fitted_on == "all cells" else None
    return [
        FoldJob(protocol, repeat, counts, labels, split, config, baselines, whole)
        for split in splits
    ]


def _fit_alone(job: FoldJob) -> FoldFit:
    """Fit on one thread: as many fits run at a time as there are processors.

    Warnings of libraries are not shown: a process shows each anew, seventy times in an audit.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return _fit(replace(job, config=replace(job.config, threads=1)))


def _fit(job: FoldJob) -> FoldFit:
    with limit_threads(job.config.threads):
        one = fit_protocol(
            job.protocol,
            job.counts,
            job.labels,
            split=job.split,
            config=job.config,
            baselines=job.baselines,
            whole=job.whole,
        )
    test, train = one.split.rows(TEST), one.split.rows(TRAINING)
    claims = job.protocol.calibrates  # else a probability has seen the cells that it is about
    return FoldFit(
        protocol=job.protocol.name,
        repeat=job.repeat,
        test=test,
        n_train=len(train),
        predicted={name: t.predicted_n[test] for name, t in one.trained.items()},
        probability={
            name: t.test_probability_nk
            for name, t in one.trained.items()
            if claims and t.test_probability_nk is not None
        },
        uncalibrated={
            name: t.test_uncalibrated_nk
            for name, t in one.trained.items()
            if claims and t.test_uncalibrated_nk is not None
        },
        train_accuracy={
            name: float((t.predicted_n[train] == job.labels.codes_n[train]).mean())
            for name, t in one.trained.items()
        },
        notes=one.notes,
    )


def _counted(fold: FoldFit, done: Callable[[FoldFit], None]) -> FoldFit:
    done(fold)
    return fold
