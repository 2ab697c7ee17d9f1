"""Every setting of a run, on one page: default < TOML file < command-line flag."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from scbaseline import keys
from scbaseline.errors import ConfigError, did_you_mean, require_choice

Device = Literal["auto", "cpu", "cuda"]
"""Where networks compute; ``auto`` takes a GPU where torch finds one."""


@dataclass(frozen=True)
class RunConfig:
    """The settings of a run; a bad value is refused here, before any work starts.

    Raises
    ------
    ConfigError
        A value is out of range or not among the choices; it names the field, what was
        seen and what is allowed.

    Examples
    --------
    >>> import scbaseline as sb
    >>> sb.RunConfig(label_key="cell_type", seed=1).n_top_genes
    2000
    >>> sb.RunConfig(folds=1)
    Traceback (most recent call last):
    scbaseline.errors.ConfigError: folds: 1 was given; 2 to 100 is allowed
    """

    label_key: str | None = None
    """Column of obs that holds the labels. Without it, a run and an audit predict Leiden
    clusters."""

    label_origin: Literal["same-counts", "independent", "unknown"] = "unknown"
    """Where given labels come from: made from these same counts, or independent of them.

    Labels made from the same counts are judged as clusters are: tier T0+, no protocol group."""

    group_key: str | None = None
    """Column of obs that holds each cell's donor or batch: test on unseen ones, too (protocol
    group)."""

    protocol: tuple[str, ...] | None = None
    """Evaluation protocols, joined by commas: published, inductive, half, thinned, group,
    null-published, null-half, null-thinned. By default, a run takes the first four, and group
    where there is a group key; an audit takes all."""

    recipe: tuple[str, ...] | None = None
    """Classifiers to train, joined by commas: pca, hvg, hvg-earlystop, or any other by name, such
    as robust or logistic. By default, a run and an audit take these three; train takes robust."""

    seed: int = 0
    """Seed of every random step."""

    device: Device = "auto"
    """Where networks are trained, or cells predicted; auto takes a GPU where torch finds one."""

    threads: int | None = None
    """Threads for computation; by default, all processors that this process may use.

    Training takes one by default, since more cost time there."""

    total_key: str | None = None
    """Column of obs that holds each cell's total count, where X holds only some genes."""

    min_genes: int = 200
    """Keep cells in which at least this many genes are detected."""

    max_pct_counts_mt: float | None = None
    """Keep cells with at most this percentage of mitochondrial counts."""

    min_cells: int = 3
    """Use genes that are detected in at least this many of the training cells."""

    target_sum: float = 1e4
    """Total count that each cell is scaled to, before log1p."""

    n_top_genes: int = 2000
    """Number of genes: highly variable ones, or those that tell labels apart."""

    max_value: float = 10.0
    """Clip scaled expression at plus and minus this value."""

    n_comps: int = 50
    """Number of principal components."""

    n_neighbors: int = 10
    """Size of the neighbourhood in the graph that Leiden and UMAP read."""

    n_pcs: int = 30
    """Principal components that the neighbour graph is built on, of those that there are."""

    resolution: float = 1.0
    """Leiden's resolution: higher gives more clusters."""

    merge_unstable: bool = False
    """Merge clusters that are not found again with other seeds, resolutions or halves of counts."""

    thin_fraction: float = 0.5
    """Where counts are split in two, the share that clusters are made from (half A).

    Protocol half, and with it the inflation from double dipping, needs 0.5: both parts at one
    depth."""

    draws: int = 3
    """How often a run splits the counts in two anew, for half and thinned; an audit: --repeats."""

    null_draws: int = 5
    """How often structureless counts are drawn."""

    markers: str | None = None
    """CSV or TSV file of cell type, gene and, optionally, + or -: names for the clusters come from
    it. By default, a small table for human blood."""

    min_cells_per_label: int = 5
    """Leave out labels with fewer cells than this."""

    test_fraction: float = 0.20
    """Share of each label's cells that is held out for testing."""

    validation_fraction: float = 0.16
    """Share of each label's cells that is held out to stop the training and to calibrate."""

    folds: int = 5
    """Folds of a cross-validation: each cell is judged once, by networks not trained on it.
    Labels with fewer cells than folds are left out of it."""

    repeats: int = 3
    """How often the cross-validation of an audit is repeated, each time with another seed."""

    learning_rate: float = 1e-3
    """Adam's step size."""

    batch_size: int = 64
    """Cells per training step."""

    n_bootstrap: int = 2000
    """Bootstrap draws behind each 95 % interval."""

    def __post_init__(self) -> None:
        field_types = {field.name: _type_name(field.type) for field in fields(self)}
        for name in ("label_key", "total_key", "group_key", "markers"):
            value = getattr(self, name)
            if value is not None and not isinstance(value, str):
                what = "path of a table" if name == "markers" else "name of a column"
                raise ConfigError(f"{name}: {value!r} was given; the {what} is wanted")
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if value is None and field_types[name].endswith("| None"):
                continue
            whole = field_types[name].startswith("int")
            if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
                raise ConfigError(
                    f"{name}: {value!r} was given; a {'whole ' if whole else ''}number is wanted"
                )
            # Written so that a NaN, which compares false with everything, is refused.
            if not (low <= value <= high):
                raise ConfigError(f"{name}: {value!r} was given; {_range(low, high)} is allowed")
        for name in ("protocol", "recipe"):
            chosen = getattr(self, name)
            if chosen is None:
                continue
            if not isinstance(chosen, tuple) or not all(isinstance(v, str) for v in chosen):
                raise ConfigError(f"{name}: {chosen!r} was given; a tuple of names is wanted")
            if not chosen:
                raise ConfigError(f"{name}: none was given; name one, or leave it out")
        for name, choices in (
            ("device", get_args(Device)),
            ("label_origin", ("same-counts", "independent", "unknown")),
            ("merge_unstable", (True, False)),
        ):
            require_choice(name, getattr(self, name), choices)
        if self.test_fraction + self.validation_fraction > 0.9:
            raise ConfigError(
                f"test_fraction + validation_fraction: {self.test_fraction} + "
                f"{self.validation_fraction} was given; at most 0.9 leaves cells to train on"
            )
        if self.label_key in _COMPUTED:
            raise ConfigError(
                f"label_key: {self.label_key} is a column that quality control computes; "
                "give your labels another name"
            )
        for name in ("label_key", "group_key"):
            if getattr(self, name) == "":
                raise ConfigError(f"{name}: the name is empty; name a column of obs")

    def to_dict(self) -> dict[str, Any]:
        """Return the settings by name, without the unset ones, as a TOML file holds them."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def with_settings(config: RunConfig | None, settings: Mapping[str, Any]) -> RunConfig:
    """Return a configuration with single settings changed, as a function's keywords name them.

    Parameters
    ----------
    config
        What to start from; by default, the defaults.
    settings
        Setting → value. One protocol or recipe may be given by itself, several in any sequence.

    Raises
    ------
    ConfigError
        There is no such setting, or its value is refused.
    """
    known = [field.name for field in fields(RunConfig)]
    for name in settings:
        if name not in known:
            raise ConfigError(f"{name}: is not a setting. {did_you_mean(name, known)}")
    several = {name: settings[name] for name in ("protocol", "recipe") if name in settings}
    tuples = {
        name: (value,) if isinstance(value, str) else value and tuple(value)
        for name, value in several.items()
    }
    return replace(config or RunConfig(), **{**settings, **tuples})


_COMPUTED = (keys.TOTAL_COUNTS, keys.N_GENES, keys.PCT_MT)

_BOUNDS: dict[str, tuple[float, float]] = {
    "seed": (0, 2**31 - 1),
    "threads": (1, 4096),
    "min_genes": (0, 10**9),
    "max_pct_counts_mt": (0, 100),
    "min_cells": (0, 10**9),
    "target_sum": (1, 1e9),
    "n_top_genes": (2, 10**6),
    "max_value": (0.1, 1e6),
    "n_comps": (2, 1000),
    "n_neighbors": (2, 1000),
    "n_pcs": (2, 1000),
    "resolution": (1e-3, 1e3),
    "thin_fraction": (0.05, 0.95),
    "draws": (1, 100),
    "null_draws": (1, 100),
    "repeats": (1, 100),
    "min_cells_per_label": (3, 10**9),  # one cell each to train, to stop and to test on
    "test_fraction": (0.01, 0.8),
    "validation_fraction": (0.01, 0.8),
    "folds": (2, 100),
    "learning_rate": (1e-8, 10),
    "batch_size": (1, 10**6),
    "n_bootstrap": (100, 10**6),
}


def _type_name(annotation: object) -> str:
    return annotation.__name__ if isinstance(annotation, type) else str(annotation)


def _range(low: float, high: float) -> str:
    return f"{low:,.10g} to {high:,.10g}"


if unknown := _BOUNDS.keys() - {field.name for field in fields(RunConfig)}:
    raise AssertionError(f"bounds for no field: {unknown}")
