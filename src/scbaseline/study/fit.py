"""One job in; what each recipe, fitted as the job's protocol says, makes of its test cells, out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from scbaseline.cells.label_genes import label_genes
from scbaseline.cells.space import FeatureSpace, fit_feature_space
from scbaseline.config import RunConfig
from scbaseline.counts import Counts
from scbaseline.errors import InputError
from scbaseline.learn.calibrate import fit_temperature
from scbaseline.learn.examples import Learnt
from scbaseline.learn.recipes import Recipe
from scbaseline.randomness import Stream, generator, library_seed
from scbaseline.ranks import ALONE, Ranks, exchanged, own_share, share_of
from scbaseline.spill import Spill
from scbaseline.stages import Stages
from scbaseline.study.checkpoints import checkpoint_of
from scbaseline.study.labels import Labels, learnt_codes, nothing_to_watch
from scbaseline.study.parts import Parts
from scbaseline.study.protocols import Protocol
from scbaseline.study.split import TEST, TRAINING, VALIDATION, Split
from scbaseline.study.views import View, draw_views, predict_view


@dataclass(frozen=True, eq=False)
class Job:
    """One fit, with all that it needs.

    Attributes
    ----------
    protocol
        What is fitted on which cells.
    counts
        The counts that the protocol's features are made from, of the kept cells.
    labels, split
        What to learn, and the part of each cell.
    recipes
        The recipes to fit.
    config
        The settings.
    draw, fold
        Which draw or repeat, and which fold of it: they choose the random numbers.
    space
        The feature space of all these cells, where it has been fitted already.
    genes
        Rule → the genes that it chooses, where they have been chosen already.
    keep
        Whether the fitted modules are kept, or only what they say of the test cells.
    most_in_memory
        Training cells for simple recipes and the curve, and validation cells, that memory
        holds where the counts are on disk.
    scratch
        Where counts on disk are written anew for the chosen genes; by default the system's
        folder for temporary files.
    ranks
        Those that share the cells, where counts are on disk.
    checkpoint
        A folder in which networks' training is kept from epoch to epoch.
    views
        Whether test cells in memory are also labelled as poorer experiments might see them.
    """

    protocol: Protocol
    counts: Counts
    labels: Labels
    split: Split
    recipes: tuple[Recipe, ...]
    config: RunConfig
    draw: int = 0
    fold: int = 0
    space: FeatureSpace | None = None
    genes: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    keep: bool = False
    most_in_memory: int = 20_000
    scratch: Path | None = None
    ranks: Ranks = ALONE
    checkpoint: Path | None = None
    views: bool = False


@dataclass(frozen=True, eq=False)
class RecipeFit:
    """What one recipe makes of a job's cells.

    Attributes
    ----------
    predicted_t
        Label code of each test cell.
    probability_tk, uncalibrated_tk
        Probabilities of the test cells after and before the temperature; ``None`` where the
        protocol has no cells to calibrate on that are not test cells.
    moved_tk
        Probabilities of the test cells as other laboratories might have measured them, where
        training cells were moved like this, too; of the others as they are.
    train_accuracy
        Share of the training cells that it gets right.
    temperature
        What the logits are divided by; ``None`` as above.
    genes_g
        The recipe's genes: columns of the input, in its order.
    learnt
        The module, and how its training went; ``None`` where it is not kept.
    viewed
        View → label code of each test cell in it; see :mod:`scbaseline.study.views`.
    """

    predicted_t: NDArray[np.int64]
    probability_tk: NDArray[np.floating] | None
    uncalibrated_tk: NDArray[np.floating] | None
    moved_tk: NDArray[np.floating] | None
    train_accuracy: float
    temperature: float | None
    genes_g: NDArray[np.int64]
    learnt: Learnt | None = None
    viewed: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Fit:
    """All recipes of one job.

    Attributes
    ----------
    protocol, labels, split, draw, fold
        As in the job; the split as the protocol uses it.
    recipes
        Recipe → what it makes of the cells.
    space
        The features, as this protocol fits them; ``None`` where they are not kept.
    notes
        What is weaker than the protocol's name says.
    """

    protocol: Protocol
    labels: Labels
    split: Split
    draw: int
    fold: int
    recipes: Mapping[str, RecipeFit]
    space: FeatureSpace | None
    notes: tuple[str, ...]

    @property
    def test(self) -> NDArray[np.int64]:
        """The rows of the test cells."""
        return self.split.rows(TEST)

    @property
    def n_train(self) -> int:
        """The number of training cells."""
        return len(self.split.rows(TRAINING))


def fit_job(job: Job, stages: Stages) -> Fit:
    """Fit features and recipes as the job's protocol says; predict its test cells.

    Cells whose label no training cell carries neither stop nor calibrate, and the notes name
    the label; as test cells, they count as wrong.

    Parameters
    ----------
    job
        What to fit.
    stages
        Opens a named stage around each step.

    Raises
    ------
    InputError
        The training cells carry fewer than two labels, or none that a validation cell carries.
    """
    name, labels = job.protocol.name, job.labels
    split = job.split.without_validation() if job.protocol.stops_on == "test" else job.split
    train, test = split.rows(TRAINING), split.rows(TEST)
    watched = split.rows(TEST if job.protocol.stops_on == "test" else VALIDATION)
    # A cell whose label cannot be learnt is never right: it would stop training at once, and
    # take every probability for overconfident.
    is_learnt_n = np.isin(labels.codes_n, learnt_codes(labels, train))
    watched, unwatched = watched[is_learnt_n[watched]], watched[~is_learnt_n[watched]]
    if not len(watched):
        raise InputError(nothing_to_watch(labels, train, unwatched, job.protocol.stops_on))
    with Spill(own_share(job.counts, job.ranks), job.scratch) as spill:
        with stages(f"{name}: features"):
            space, genes = _features(job, train, spill)
            parts = Parts(
                job.counts, labels.codes_n, space, genes, chosen=spill.counts,
                train=train, watched=watched, test=test, most_in_memory=job.most_in_memory,
                rng=generator(job.config.seed, Stream.ORDER, job.draw, job.fold), ranks=job.ranks,
            )  # fmt: skip
        rng = generator(job.config.seed, Stream.VIEWS, job.draw, job.fold)
        views = draw_views(job.counts.rows(test), rng) if job.views else ()
        recipes = {}
        for recipe in job.recipes:
            with stages(f"{name}: {recipe.name}"):
                recipes[recipe.name] = _fit_recipe(recipe, parts, job, views)
    notes = (
        *split.notes,
        *space.notes,
        *_unlearnt(labels, test[~is_learnt_n[test]], "test cells"),
        *_unlearnt(labels, unwatched, "cells, left out of stopping and calibration,"),
        *parts.notes,
    )
    return Fit(
        job.protocol, labels, split, job.draw, job.fold, recipes,
        space if job.keep else None, notes,
    )  # fmt: skip


def _features(
    job: Job, train: NDArray[np.int64], spill: Spill
) -> tuple[FeatureSpace, dict[str, NDArray[np.int64]]]:
    """Return the feature space, and the genes of each rule that a recipe names.

    Labels choose genes on training cells under every protocol: on test cells, their choice
    would tell the very labels that are to be predicted.
    """
    genes, share = dict(job.genes), share_of(job.counts.shape[0], job.ranks)
    own = np.arange(share.start, share.stop)
    train = train[slice(*np.searchsorted(train, [share.start, share.stop]))]
    if 0 in (n_train := exchanged(len(train), job.ranks)):
        raise InputError(
            f"{job.ranks.size} ranks: rank {n_train.index(0)} has no training cell among its share "
            f"of {job.counts.shape[0]:,} cells; start fewer ranks"
        )
    if "label" not in genes and any(recipe.genes == "label" for recipe in job.recipes):
        counts, codes_n = job.counts.rows(train), job.labels.codes_n[train]
        genes["label"] = label_genes(counts, codes_n, job.config, ranks=job.ranks)
    is_inductive = job.protocol.fitted_on == "training"
    fitted_on = train if is_inductive else own

    def keep(genes_g: NDArray[np.int64]) -> Counts | None:
        spill.write({"hvg": genes_g, **genes})
        return spill.counts["hvg"].rows(fitted_on - share.start) if spill.counts else None

    space = None if is_inductive else job.space
    if space is None:
        counts = job.counts.rows(fitted_on)
        space = fit_feature_space(counts, job.config, keep=keep, ranks=job.ranks)
    else:
        keep(space.genes_g)
    return space, {"hvg": space.genes_g, **genes}


def _fit_recipe(recipe: Recipe, parts: Parts, job: Job, views: Sequence[View] = ()) -> RecipeFit:
    """Fit one recipe on the training cells, watching others; predict the test cells."""
    from scbaseline.learn.augment import logits_elsewhere
    from scbaseline.learn.loop import logits

    held_out = parts.examples(recipe, parts.watched)
    learnt = recipe.fit(
        parts.training(recipe, checkpoint_of(recipe, parts.genes(recipe), job)),
        held_out,
        n_labels=len(job.labels.names),
        config=job.config,
        seed=library_seed(job.config.seed, Stream.FIT, job.draw, job.fold),
    )
    temperature = None
    if job.protocol.calibrates:
        temperature = fit_temperature(logits(learnt.module, held_out.x), held_out.codes_n)
    of_sample = logits(learnt.module, parts.features(recipe, parts.sample)).argmax(axis=1)
    n_labels = len(job.labels.names)
    none_tk = np.zeros((0, n_labels), dtype=np.float32)
    blocks = [logits(learnt.module, x) for x in parts.test_features(recipe)]
    own_tk = moved_tk = np.concatenate([none_tk, *blocks])
    if recipe.augmentation:
        seed = library_seed(job.config.seed, Stream.SETS, job.draw, job.fold)
        moved = [logits_elsewhere(learnt.module, x, seed) for x in parts.test_features(recipe)]
        moved_tk = np.concatenate([none_tk, *moved])
    logits_tk, moved_tk = job.ranks.gather(own_tk), job.ranks.gather(moved_tk)
    scaled = temperature or 1.0
    return RecipeFit(
        predicted_t=logits_tk.argmax(axis=1),
        probability_tk=None if temperature is None else softmax(logits_tk / scaled, axis=1),
        uncalibrated_tk=None if temperature is None else softmax(logits_tk, axis=1),
        moved_tk=None if temperature is None else softmax(moved_tk / scaled, axis=1),
        train_accuracy=float((of_sample == job.labels.codes_n[parts.sample]).mean()),
        temperature=temperature,
        genes_g=parts.genes(recipe),
        learnt=learnt if job.keep else None,
        viewed={
            view.name: predict_view(view, learnt, recipe, parts.space, parts.genes(recipe))
            for view in views
        },
    )


def _unlearnt(labels: Labels, rows: NDArray[np.int64], what: str) -> tuple[str, ...]:
    """Name the labels of cells that no training cell shares a label with, if there are any."""
    if not len(rows):
        return ()
    names = ", ".join(labels.names[code] for code in np.unique(labels.codes_n[rows]))
    return (f"{len(rows):,} {what} carry labels that no training cell has: {names}",)
