"""The fits of a cross-validation in; every cell's prediction by those not trained on it, out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scbaseline.judge.compare import Difference, compare_folds
from scbaseline.judge.evidence import REFERENCE
from scbaseline.judge.metrics import confusion_scores
from scbaseline.study.labels import Labels
from scbaseline.study.protocols import Protocol


@dataclass(frozen=True)
class FoldFit:
    """What one fit says of its test cells.

    Attributes
    ----------
    test
        The rows of the test cells.
    n_train
        The number of training cells.
    predicted
        Recipe or baseline → label code of each test cell.
    probability, uncalibrated
        The same for probabilities after and before the temperature, test cells × labels;
        without those that have none.
    train_accuracy
        Recipe or baseline → share of training cells that it gets right.
    notes
        What is weaker than the protocol's name says.
    """

    protocol: str
    repeat: int
    test: NDArray[np.int64]
    n_train: int
    predicted: dict[str, NDArray[np.int64]]
    probability: dict[str, NDArray[np.floating]]
    uncalibrated: dict[str, NDArray[np.floating]]
    train_accuracy: dict[str, float]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class OutOfFold:
    """Every cell's prediction by fits that were not trained on it, once per repeat.

    Attributes
    ----------
    protocol
        What was fitted on what.
    labels_r
        The labels of each repeat; those of one half of the counts differ by repeat.
    folds
        Every fit.
    """

    protocol: Protocol
    labels_r: tuple[Labels, ...]
    folds: tuple[FoldFit, ...]

    @property
    def classifiers(self) -> tuple[str, ...]:
        """The recipes and baselines."""
        return tuple(self.folds[0].predicted)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is weaker than the protocol's name says, each note once."""
        return tuple(dict.fromkeys(note for fold in self.folds for note in fold.notes))

    @property
    def n_train(self) -> float:
        """The mean number of training cells of a fit."""
        return float(np.mean([fold.n_train for fold in self.folds]))

    @property
    def n_test(self) -> float:
        """The mean number of test cells of a fit."""
        return float(np.mean([len(fold.test) for fold in self.folds]))

    @property
    def true_rn(self) -> NDArray[np.int64]:
        """Label codes, repeats × cells; −1 where a cell is not judged."""
        codes_rn = np.full((len(self.labels_r), len(self.labels_r[0].codes_n)), -1)
        for fold in self.folds:
            codes_rn[fold.repeat, fold.test] = self.labels_r[fold.repeat].codes_n[fold.test]
        return codes_rn

    def predicted_rn(self, classifier: str) -> NDArray[np.int64]:
        """Return predicted label codes, repeats × cells; −1 where a cell is not judged."""
        codes_rn = np.full((len(self.labels_r), len(self.labels_r[0].codes_n)), -1)
        for fold in self.folds:
            codes_rn[fold.repeat, fold.test] = fold.predicted[classifier]
        return codes_rn

    def probability_r(
        self, classifier: str, *, calibrated: bool = True
    ) -> tuple[NDArray[np.float64], ...] | None:
        """Return probabilities per repeat, cells × labels, NaN where a cell is not judged.

        ``None`` for classifiers without probabilities.
        """
        kind = "probability" if calibrated else "uncalibrated"
        if not all(classifier in getattr(fold, kind) for fold in self.folds):
            return None
        n_cells = len(self.labels_r[0].codes_n)
        found = tuple(np.full((n_cells, len(one.names)), np.nan) for one in self.labels_r)
        for fold in self.folds:
            found[fold.repeat][fold.test] = getattr(fold, kind)[classifier]
        return found

    def fold_scores(self, classifier: str, metric: str) -> NDArray[np.float64]:
        """Return the score of each fit on its own test cells, in the order of the folds."""
        return np.array(
            [
                confusion_scores(
                    confusion(
                        self.labels_r[fold.repeat].codes_n[fold.test],
                        fold.predicted[classifier],
                        n_labels=len(self.labels_r[fold.repeat].names),
                    )
                )[metric]
                for fold in self.folds
            ]
        )


def confusion(
    true_n: NDArray[np.int64], predicted_n: NDArray[np.int64], *, n_labels: int
) -> NDArray[np.int64]:
    """Count cells by true × predicted label; cells with a code of −1 do not count."""
    judged = (true_n >= 0) & (predicted_n >= 0)
    pairs = true_n[judged] * n_labels + predicted_n[judged]
    return np.bincount(pairs, minlength=n_labels**2).reshape(n_labels, n_labels)


def compare_with_reference(
    found: OutOfFold, classifier: str, *, metric: str = "f1_macro"
) -> Difference:
    """Compare a classifier with :data:`~scbaseline.judge.evidence.REFERENCE`, fold by fold.

    Parameters
    ----------
    found
        Out-of-fold predictions of both.
    classifier
        A recipe or baseline.
    metric
        One that follows from a confusion matrix.
    """
    return compare_folds(
        found.fold_scores(classifier, metric) - found.fold_scores(REFERENCE, metric),
        tests_j=[fold.test.tobytes() for fold in found.folds],
        n_train=found.n_train,
        n_test=found.n_test,
        name=classifier,
        reference=REFERENCE,
        metric=metric,
    )
