"""Every error that scbaseline raises on purpose, each also a fitting builtin.

::

    ScbaselineError
    ├── ConfigError        (ValueError)         a setting is wrong; exit status 2
    ├── DataNotFoundError  (FileNotFoundError)  no such file, folder or data set
    ├── InputError         (ValueError)         the data cannot be used as they are
    ├── ModelFileError     (ValueError)         not a model file that can be read
    └── OutputError        (OSError)            a result cannot be written

    ScbaselineWarning      (UserWarning)        the result holds, but is weaker or unexpected

A message names the thing, the value seen, the value wanted, and what to type next.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class ScbaselineError(Exception):
    """The root of the errors that a user can cause and mend.

    Examples
    --------
    >>> import scbaseline as sb
    >>> try:
    ...     sb.run(sb.read_counts("pbmc68k_reduced"), label_key="bulk_label")
    ... except sb.ScbaselineError as error:
    ...     print(error)
    --label-key bulk_label: obs has no such column. Did you mean bulk_labels?
    """

    exit_status = 1


class ConfigError(ScbaselineError, ValueError):
    """A setting has a value that cannot work."""

    exit_status = 2


class DataNotFoundError(ScbaselineError, FileNotFoundError):
    """A named file, folder or data set is not there."""


class InputError(ScbaselineError, ValueError):
    """The data were read, but cannot be used as they are."""


class ModelFileError(ScbaselineError, ValueError):
    """A file is not a model that this version can read."""


class OutputError(ScbaselineError, OSError):
    """A result cannot be written where it was asked for."""


class ScbaselineWarning(UserWarning):
    """The result holds, but is weaker than hoped or comes from elsewhere than expected.

    Examples
    --------
    >>> import warnings
    >>> import scbaseline as sb
    >>> warnings.simplefilter("error", sb.ScbaselineWarning)  # to stop where a result is weaker
    """


def listed(names: Iterable[str], *, most: int = 5) -> str:
    """Return names with commas between them, and an ellipsis where some are left out."""
    texts = [str(name) for name in names]
    return ", ".join([*texts[:most], *(["…"] if len(texts) > most else [])])


def require_choice(name: str, value: object, choices: Iterable[object]) -> None:
    """Refuse a setting that is none of a few values.

    Raises
    ------
    ConfigError
        It names the setting, what was given, and the choices.
    """
    known = tuple(choices)
    if value not in known:
        raise ConfigError(f"{name}: {value!r} is not known; choose {', '.join(map(str, known))}")


def did_you_mean(seen: str, known: Iterable[str]) -> str:
    """Return what an error says of near matches: ``Did you mean …?`` or ``Known: …``."""
    names = [str(name) for name in known]
    by_lower = {name.lower(): name for name in names}
    near = get_close_matches(seen.lower(), by_lower, n=3, cutoff=0.6)
    if near:
        return f"Did you mean {' or '.join(by_lower[name] for name in near)}?"
    if not names:
        return "There is none to choose from."
    return f"Known: {listed(names, most=12)}."
