"""A fitted classifier and held-out cells in; the same with what these tell of its doubt out.

It learns three things. How probable the labels of held-out cells were: beside it stand those
of a query. Which labels a cell may have at a chosen coverage. And, for recipes on counts, how
unlike the training cells a cell may be.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from scbaseline.config import RunConfig
from scbaseline.model.classifier import Classifier
from scbaseline.model.doubt import held_out_doubt
from scbaseline.model.fit_unknown import Labelled, fit_unknown
from scbaseline.model.gene_weights import ValidationCells, probabilities_of
from scbaseline.model.sets import PredictionSets
from scbaseline.model.unknown import UnknownScore
from scbaseline.randomness import Stream, library_seed
from scbaseline.study.fit import Fit
from scbaseline.study.line import Study
from scbaseline.study.split import TRAINING

_MOST_TRAINING_CELLS = 20_000  # to learn an unknown score from


def with_doubt(
    classifier: Classifier, cells: ValidationCells, fit: Fit, study: Study, config: RunConfig
) -> Classifier:
    """Return a classifier with its doubt.

    The test cells of a fit teach its classifier nothing. A classifier that has none, since its
    recipe was judged by other fits on folds, learns from what these say of their test cells;
    any other learns from its own validation cells. Unknown scores are learnt from validation
    cells always.

    Parameters
    ----------
    classifier
        Made from ``fit``.
    cells
        Validation cells of ``fit``, or some of them.
    fit, study, config
        The fit, all fits of the same command, and its settings.
    """
    recipe = classifier.card.recipe
    if len(fit.test):
        seed = library_seed(config.seed, Stream.SETS)
        codes_n = cells.codes_n
        probability_nk = probabilities_of(classifier, cells)
        moved_nk = probabilities_of(classifier, cells, moved_by=seed)
    else:
        folds = [other for other in study.fits if len(other.test)]
        codes_n = np.concatenate([other.labels.codes_n[other.test] for other in folds])
        judged = [other.recipes[recipe.name] for other in folds]
        probability_nk = np.concatenate([of_fold.probability_tk for of_fold in judged])
        moved_nk = np.concatenate([of_fold.moved_tk for of_fold in judged])
    held_out = held_out_doubt(probability_nk, fit.labels.names)
    sets = PredictionSets.fitted(moved_nk, codes_n)
    unknown = None
    if recipe.input == "counts":
        unknown = _unknown(classifier, cells, fit, study, config)
    return classifier.changed(unknown=unknown, sets=sets, held_out_doubt=held_out)


def _unknown(
    classifier: Classifier, cells: ValidationCells, fit: Fit, study: Study, config: RunConfig
) -> UnknownScore:
    """Fit an unknown score on training cells, and put it on the scale of validation cells."""
    codes_n, genes_g = fit.labels.codes_n, fit.recipes[classifier.card.recipe.name].genes_g
    train = _few_of_each(fit.split.rows(TRAINING), codes_n)
    blocks = [block_ng for block_ng, _ in study.cells.counts.rows(train).blocks(genes_g)]
    learnt_n = np.isin(cells.codes_n, codes_n[train])
    held_out_ng = sparse.csr_matrix(cells.counts_ng[learnt_n].astype(np.float32))
    return fit_unknown(
        classifier.counts_network,
        Labelled(sparse.vstack(blocks, format="csr"), codes_n[train]),
        Labelled(held_out_ng, cells.codes_n[learnt_n]),
        n_labels=len(fit.labels.names),
        seed=library_seed(config.seed, Stream.UNKNOWN),
    )


def _few_of_each(rows: NDArray[np.int64], codes_n: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows, or, of more than memory holds, as many of each label at most."""
    if len(rows) <= _MOST_TRAINING_CELLS:
        return rows
    labels = np.unique(codes_n[rows])
    most = _MOST_TRAINING_CELLS // len(labels)
    of_each = [rows[codes_n[rows] == code] for code in labels]
    return np.sort(np.concatenate([own[:: -(-len(own) // most)] for own in of_each]))
