"""Commands that ``torchrun`` starts several times: they share the cells, and one of them speaks."""

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from scbaseline.errors import ConfigError

if TYPE_CHECKING:
    from scbaseline.ranks import Ranks

SHARING = ("train", "predict")
"""The commands whose cells ranks can share."""


@contextmanager
def joined_ranks(work: str, *, remedy: str = "", folders: Sequence[Path] = ()) -> Iterator["Ranks"]:
    """Join the other ranks where torchrun started this one; a command alone loads nothing.

    Rank 0 warns for all.

    Parameters
    ----------
    work, remedy, folders
        As for :func:`scbaseline.learn.ranks.open_ranks`.
    """
    from scbaseline.ranks import ALONE, launched

    if not launched():
        yield ALONE
        return
    from scbaseline.learn.ranks import open_ranks
    from scbaseline.ranks import threads_of
    from scbaseline.stages import limit_threads

    with open_ranks(work, remedy=remedy, folders=folders) as ranks, warnings.catch_warnings():
        if ranks.rank:
            warnings.showwarning = lambda *_, **__: None  # libraries set filters of their own
        with limit_threads(threads_of(ranks)):
            yield ranks


def refuse_unshared(words: Sequence[str]) -> None:
    """Refuse a command that every rank would do by itself, all of them writing the same files.

    Parameters
    ----------
    words
        What was typed after ``scbaseline``.

    Raises
    ------
    ConfigError
        On rank 0; the others end without a word.
    """
    command = next((word for word in words if not word.startswith("-")), "")
    if not _by_torchrun() or not command or command in SHARING:
        return
    if not is_first():
        raise SystemExit(ConfigError.exit_status)
    raise ConfigError(
        f"torchrun: ranks share the work of {' and '.join(SHARING)} alone; type "
        f"scbaseline {command} … without torchrun"
    )


def is_first() -> bool:
    """Return whether this process speaks for all that torchrun started; it has not joined them."""
    return not _by_torchrun() or os.environ["RANK"] == "0"


def _by_torchrun() -> bool:
    """Return whether it was torchrun, and no other program that numbers processes."""
    if "TORCHELASTIC_RUN_ID" not in os.environ:
        return False
    from scbaseline.ranks import launched  # it loads numpy, which --help does without

    return launched()
