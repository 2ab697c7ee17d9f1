"""Turns what was found in a file into the command to type next."""

import re
import shlex
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from scbaseline.data.doctor import Diagnosis
from scbaseline.data.encoding import open_text
from scbaseline.data.foreign import how_to_convert
from scbaseline.data.layout import layout_of
from scbaseline.data.options import ReadOptions, option
from scbaseline.data.tenx_h5 import SeveralGenomesError
from scbaseline.errors import InputError

_NO_LABEL = frozenset({"", "nan", "none", "na", "n/a", "<na>", "null"})
_CELLS_PER_LABEL = 5  # the fewest with which a label is learnt, unless a setting says otherwise
_MOST_LABELS = 500
_MOST_COLUMNS_OF_LABELS = 30  # of a table in which most columns are numbers
_SAYS_TYPE = re.compile(r"cell.?type|annot|cell.?label|cell.?ident|cell.?class", re.IGNORECASE)
_SAYS_LABEL = re.compile(r"label|type|class|subset|population|lineage", re.IGNORECASE)
_SAYS_CLUSTER = re.compile(r"cluster|leiden|louvain|^ident$", re.IGNORECASE)
_SAYS_GROUP = re.compile(
    r"(?:^|[_.])(?:batch|donor|sample|patient|individual|subject|library|channel|replicate"
    r"|orig\.ident|mouse)(?:[_.]?(?:id|name))?$",
    re.IGNORECASE,
)
_OURS = re.compile(
    r"^(?:predicted_|probability|split_)|^(?:n_genes|total_counts|pct_counts|n_counts)|assay|sex$",
    re.IGNORECASE,
)
_COUNTS = (".h5ad", ".zarr", ".h5")
_TABLES = (".csv", ".tsv", ".txt")


@dataclass(frozen=True)
class Column:
    """A column of obs that can be named in a command.

    Attributes
    ----------
    n_values
        Its number of labels with enough cells, or of groups.
    example
        One of them, that of most cells.
    """

    name: str
    n_values: int
    example: str


def label_columns(obs: pd.DataFrame) -> tuple[Column, ...]:
    """Return the columns that can be learnt, those that are named like cell types first."""
    found = []
    for place, name in enumerate(map(str, obs.columns)):
        column = obs.iloc[:, place]
        if _SAYS_GROUP.search(name) or _OURS.search(name) or _is_continuous(column):
            continue
        counted = _counted(column)
        counted = counted[counted >= _CELLS_PER_LABEL]
        if 2 <= len(counted) <= min(_MOST_LABELS, max(2, len(obs) // 5)):
            rank = (_rank(name), name.endswith("_id"), place)
            found.append((rank, Column(name, len(counted), str(counted.index[0]))))
    return tuple(column for _, column in sorted(found, key=lambda item: item[0]))


def group_columns(obs: pd.DataFrame) -> tuple[Column, ...]:
    """Return the columns that are named like donors, samples or batches, and tell two apart."""
    found = []
    for place, name in enumerate(map(str, obs.columns)):
        if _SAYS_GROUP.search(name) and not _is_continuous(obs.iloc[:, place]):
            counted = _counted(obs.iloc[:, place])
            if 2 <= len(counted) <= len(obs) // 2:
                found.append(Column(name, len(counted), str(counted.index[0])))
    return tuple(found)


def next_command(
    given: str, options: ReadOptions, diagnosis: Diagnosis, *, usable: bool, obs: pd.DataFrame
) -> str:
    """Return the command to type next, as it can be typed; ``""`` where no command helps.

    Parameters
    ----------
    given
        What the user called the input.
    options
        With which it was read.
    diagnosis
        What was found in it.
    usable
        Whether it can be used as it was read.
    obs
        The annotation of its cells.
    """
    names = diagnosis.names
    if names.naming.problem and not names.transposed:
        return ""  # another matrix would have the same genes
    given = f"./{given}" if given.startswith("-") else given
    min_genes = diagnosis.values.min_genes
    total_key = diagnosis.totals if diagnosis.selected == "totals" else ""
    if diagnosis.elsewhere:
        best = diagnosis.elsewhere[0]
        options = replace(options, layer=best.layer, use_raw=best.layer is None)
        options = replace(options, allow_fractional=options.allow_fractional or best.is_fractional)
        min_genes = best.min_genes
        total_key = "" if best.n_genes > diagnosis.n_genes else total_key
    elif not usable:
        if names.transposed:
            options = replace(options, transpose=not options.transpose)
        elif diagnosis.values.kind == "fractional" and not options.allow_fractional:
            options = replace(options, allow_fractional=True)
        else:
            return ""
        return _typed(["doctor", given, *_flags(options)])
    flags = [*_flags(options), *(option("--total-key", total_key) if total_key else [])]
    flags += [] if min_genes is None else ["--min-genes", str(min_genes)]
    name = _stem(given)
    label = next((column for column in label_columns(obs) if _rank(column.name) < _OTHER), None)
    if label is None:
        return _typed(["run", given, *flags, "--out", f"{name}-run"])
    out = f"{name}.safetensors"
    return _typed(["train", given, *flags, *option("--label-key", label.name), "--out", out])


def without_command(diagnosis: Diagnosis) -> str:
    """Return the last line for an input that no command can use."""
    naming = diagnosis.names.naming
    if naming.problem and naming.n_unnamed and diagnosis.values.can_be_used:
        what = "give the genes their symbols or Ensembl ids"
    else:
        what = "get raw counts"
    return f"no command can use it: {what}, and call doctor again"


def command_after(error: BaseException | None, given: str, options: ReadOptions) -> str:
    """Return what to type where an input could not be read; ``""`` where no command helps.

    Parameters
    ----------
    error
        What was raised.
    given, options
        As for :func:`next_command`.
    """
    while error is not None and not isinstance(error, SeveralGenomesError):
        error = error.__cause__
    if error is not None:
        return _typed(["doctor", given, *_flags(replace(options, genome=error.genomes[0]))])
    return "" if options.obs is not None else command_for_annotations(Path(given))


def command_for_annotations(path: Path) -> str:
    """Return how to read a table of labels beside the counts; ``""`` if it is none."""
    if not (path.is_file() and path.name.lower().removesuffix(".gz").endswith(_TABLES)):
        return ""
    if how_to_convert(path):
        return ""
    try:
        layout = layout_of(path)
        with open_text(path) as file:
            table = pd.read_csv(
                file, sep=layout.pandas_separator, header=None, skiprows=layout.n_skipped,
                nrows=50, index_col=0, usecols=range(layout.n_fields), skipinitialspace=True,
            )  # fmt: skip
    except (InputError, OSError, ValueError, EOFError):
        return ""
    n_texts = sum(map(_is_text, (table[column] for column in table)))
    n_columns = table.shape[1]
    if not n_texts or (n_columns > _MOST_COLUMNS_OF_LABELS and 2 * n_texts <= n_columns):
        return ""  # a table of counts with a value that is no number
    if table.index.has_duplicates:  # labels have a row for each cell
        return ""
    beside = sorted(other for other in path.parent.iterdir() if other.suffix in _COUNTS)
    counts = str(beside[0]) if beside else "COUNTS.h5ad"
    return _typed(["doctor", counts, "--obs", str(path)])


_OTHER = 3


def _is_text(column: "pd.Series") -> bool:
    """Whether most of a column are words; ``.`` for zero and ``1,101`` are none."""
    given = column.dropna().astype(str)
    return 2 * sum(any(map(str.isalpha, text)) for text in given) > len(given)


def _rank(name: str) -> int:
    for rank, pattern in enumerate((_SAYS_TYPE, _SAYS_LABEL, _SAYS_CLUSTER)):
        if pattern.search(name):
            return rank
    return _OTHER


def _is_continuous(column: "pd.Series") -> bool:
    if not pd.api.types.is_float_dtype(column.dtype):
        return bool(pd.api.types.is_bool_dtype(column.dtype))
    given = column.dropna()
    return bool((given != given.round()).any())


def _counted(column: "pd.Series") -> "pd.Series":
    """Count a column's labels, the most frequent first, without those that say there is none."""
    counted = column.value_counts()
    texts = counted.index.astype(str)
    counted = counted[[text.strip().lower() not in _NO_LABEL for text in texts]]
    return counted[counted > 0]


def _flags(options: ReadOptions) -> list[str]:
    flags = []
    for name, value in (
        ("--layer", options.layer), ("--genome", options.genome),
        ("--obs", None if options.obs is None else str(options.obs)),
    ):  # fmt: skip
        flags += [] if value is None else option(name, value)
    for name, is_set in (
        ("--use-raw", options.use_raw), ("--transpose", options.transpose),
        ("--allow-fractional", options.allow_fractional),
    ):  # fmt: skip
        flags += [name] if is_set else []
    return flags


def _stem(given: str) -> str:
    name = Path(given).name or Path(given).resolve().name
    while Path(name).suffix.lower() in (*_COUNTS, ".gz", ".csv", ".tsv", ".txt", ".mtx", ".zip"):
        name = Path(name).stem
    return re.sub(r"[^\w.-]+", "_", name).lstrip("-") or "cells"


def _typed(words: list[str]) -> str:
    return shlex.join(["scbaseline", *words])
