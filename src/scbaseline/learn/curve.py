"""How a training went: one entry per epoch, and which was kept."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Epoch:
    """How the network stood after one pass over the training cells, dropout off."""

    number: int
    train_loss: float
    train_accuracy: float
    held_out_loss: float
    held_out_accuracy: float


@dataclass(frozen=True)
class TrainingCurve:
    """All epochs of one training.

    Attributes
    ----------
    history
        One entry per epoch, in order; those past ``kept_epoch`` were tried and not kept.
    kept_epoch
        The epoch whose weights were kept, counted from 1.
    """

    history: tuple[Epoch, ...]
    kept_epoch: int
