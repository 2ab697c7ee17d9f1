"""A fitted classifier and held-out cells in; the same with what these tell of its doubt out.

It learns three things. How probable the labels of held-out cells were: beside it stand those
of a query. Which labels a cell may have at a chosen coverage. And, for recipes on counts, how
unlike the training cells a cell may be.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from scbaseline.config import RunConfig
from scbaseline.counts import Counts
from scbaseline.learn.profile import CountsNetwork
from scbaseline.model.classifier import Classifier
from scbaseline.model.doubt import held_out_doubt
from scbaseline.model.fit_unknown import Labelled, fit_unknown
from scbaseline.model.gene_weights import ValidationCells, probabilities_of
from scbaseline.model.sets import PredictionSets
from scbaseline.model.unknown import UnknownScore
from scbaseline.randomness import Stream, library_seed
from scbaseline.study.fit import Fit
from scbaseline.study.line import Study
from scbaseline.study.split import TRAINING, VALIDATION, Split

_MOST_TRAINING_CELLS = 20_000  # to learn an unknown score from
_MOST_VALIDATION_CELLS = 2000  # to learn doubt and a gene-loss curve from


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
        held_out_ng = sparse.csr_matrix(cells.counts_ng.astype(np.float32))
        unknown = unknown_of(
            classifier.counts_network, fit, fit.recipes[recipe.name].genes_g, study.cells.counts,
            Labelled(held_out_ng, cells.codes_n), seed=library_seed(config.seed, Stream.UNKNOWN),
        )  # fmt: skip
    return classifier.changed(unknown=unknown, sets=sets, held_out_doubt=held_out)


def unknown_of(
    module: CountsNetwork,
    fit: Fit,
    genes_g: NDArray[np.int64],
    counts: Counts,
    held_out: Labelled,
    *,
    seed: int,
) -> UnknownScore:
    """Fit an unknown score on training cells, and put it on the scale of held-out cells.

    Parameters
    ----------
    module, genes_g
        What a recipe on counts learnt, and its genes.
    fit
        The fit that it is of. Of many training cells, as many of each label are used.
    counts
        Counts of all cells and genes.
    held_out
        Cells that the fit has not learnt from; those of labels that it has not learnt are
        left out.
    seed
        Of axes and augmentation.
    """  # fmt: skip
    codes_n = fit.labels.codes_n
    train = _few_of_each(fit.split.rows(TRAINING), codes_n)
    learnt_n = np.isin(held_out.codes_n, codes_n[train])
    return fit_unknown(
        module,
        labelled(counts, train, genes_g, codes_n),
        Labelled(held_out.counts_ng[learnt_n], held_out.codes_n[learnt_n]),
        n_labels=len(fit.labels.names),
        seed=seed,
    )


def labelled(
    counts: Counts,
    rows: NDArray[np.int64],
    genes_g: NDArray[np.int64],
    codes_n: NDArray[np.int64],
) -> Labelled:
    """Return the counts of some cells and genes, with the codes of these cells."""
    blocks = [block_ng for block_ng, _ in counts.rows(rows).blocks(genes_g)]
    return Labelled(sparse.vstack(blocks, format="csr"), codes_n[rows])


def validation_rows(split: Split) -> NDArray[np.int64]:
    """Return the validation cells, or, of many, some from all over the file."""
    rows = split.rows(VALIDATION)
    return rows[:: -(-len(rows) // _MOST_VALIDATION_CELLS)]


def _few_of_each(rows: NDArray[np.int64], codes_n: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the rows, or, of more than memory holds, as many of each label at most."""
    if len(rows) <= _MOST_TRAINING_CELLS:
        return rows
    labels = np.unique(codes_n[rows])
    most = _MOST_TRAINING_CELLS // len(labels)
    of_each = [rows[codes_n[rows] == code] for code in labels]
    return np.sort(np.concatenate([own[:: -(-len(own) // most)] for own in of_each]))
