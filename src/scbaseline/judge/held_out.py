"""What a classifier said of cells that it was not trained on: the input of every score."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class HeldOut:
    """True and predicted labels of held-out cells, once per repeat.

    A repeat is one split into folds, or one draw of the counts. Labels that were made from
    one half of the counts differ by repeat.

    Attributes
    ----------
    labels_r
        The names of each repeat's labels.
    true_rn, predicted_rn
        Label codes, repeats × cells; −1 where a cell was not judged.
    probability_r, uncalibrated_r
        Probabilities per repeat, cells × labels, after and before the temperature; NaN where
        a cell was not judged; ``None`` where there are none.
    tests_j
        The cells that each fit was tested on, as rows; repeats one after the other.
    repeat_j
        The repeat of each fit.
    n_train
        Mean number of cells that a fit was trained on.
    train_accuracy
        Share of its training cells that a fit gets right, mean over fits; ``None`` where
        unknown.
    """

    labels_r: tuple[tuple[str, ...], ...]
    true_rn: NDArray[np.int64]
    predicted_rn: NDArray[np.int64]
    probability_r: tuple[NDArray[np.floating], ...] | None = None
    uncalibrated_r: tuple[NDArray[np.floating], ...] | None = None
    tests_j: tuple[NDArray[np.int64], ...] = ()
    repeat_j: tuple[int, ...] = ()
    n_train: float = 0.0
    train_accuracy: float | None = None

    @classmethod
    def of_one_test(
        cls,
        true_n: NDArray[np.int64],
        predicted_n: NDArray[np.int64],
        labels: tuple[str, ...],
        *,
        probability_nk: NDArray[np.floating] | None = None,
        uncalibrated_nk: NDArray[np.floating] | None = None,
    ) -> "HeldOut":
        """Wrap one set of test cells, judged once."""
        return cls(
            (tuple(labels),),
            np.asarray(true_n, dtype=np.int64)[None],
            np.asarray(predicted_n, dtype=np.int64)[None],
            None if probability_nk is None else (probability_nk,),
            None if uncalibrated_nk is None else (uncalibrated_nk,),
            tests_j=(np.arange(len(true_n)),),
            repeat_j=(0,),
        )

    @property
    def n_repeats(self) -> int:
        """The number of repeats."""
        return len(self.labels_r)

    @property
    def same_labels(self) -> bool:
        """Whether all repeats have the same labels."""
        return len(set(self.labels_r)) == 1

    @property
    def judged_rn(self) -> NDArray[np.bool_]:
        """Which cells were judged, repeats × cells."""
        return (self.true_rn >= 0) & (self.predicted_rn >= 0)

    @property
    def n_cells(self) -> int:
        """The number of cells that were judged in the first repeat."""
        return int(self.judged_rn[0].sum())

    @property
    def confusion_r(self) -> tuple[NDArray[np.int64], ...]:
        """Number of judged cells per repeat, true label × predicted label."""
        return tuple(
            confusion(true_n, predicted_n, n_labels=len(labels))
            for true_n, predicted_n, labels in zip(
                self.true_rn, self.predicted_rn, self.labels_r, strict=True
            )
        )

    @property
    def confusion_j(self) -> tuple[NDArray[np.int64], ...]:
        """The same for each fit's own test cells."""
        return tuple(
            confusion(
                self.true_rn[r, test], self.predicted_rn[r, test], n_labels=len(self.labels_r[r])
            )
            for r, test in zip(self.repeat_j, self.tests_j, strict=True)
        )


def confusion(
    true_n: NDArray[np.int64], predicted_n: NDArray[np.int64], *, n_labels: int
) -> NDArray[np.int64]:
    """Count cells by true × predicted label; cells with a code of −1 do not count."""
    judged = (true_n >= 0) & (predicted_n >= 0)
    pairs = true_n[judged] * n_labels + predicted_n[judged]
    return np.bincount(pairs, minlength=n_labels**2).reshape(n_labels, n_labels)
