"""What a user may say of a file: where in it the counts are, and which way round they lie."""

from dataclasses import dataclass
from pathlib import Path

from scbaseline.errors import ConfigError


def option(name: str, value: str) -> list[str]:
    """Return an option and its value as words of a command; a value may begin with a dash."""
    return [f"{name}={value}"] if value.startswith("-") else [name, value]


@dataclass(frozen=True)
class ReadOptions:
    """What to take from a file; the defaults suit a file with raw counts in X.

    Raises
    ------
    ConfigError
        Both a layer and raw were named.
    """

    layer: str | None = None
    """Take the counts from this layer instead of X."""

    use_raw: bool = False
    """Take the counts from raw instead of X."""

    transpose: bool = False
    """Swap rows and columns: the file holds genes × cells."""

    genome: str | None = None
    """Take this genome's genes, from a 10x file that holds several."""

    obs: Path | None = None
    """CSV or TSV file whose columns are joined to obs by cell id, its first column."""

    allow_fractional: bool = False
    """Accept counts with fractions, as alevin, RSEM and SoupX give them."""

    def __post_init__(self) -> None:
        if self.layer is not None and self.use_raw:
            raise ConfigError(f"layer: {self.layer!r} was given with use_raw; give one of the two")

    @property
    def shapes_the_matrix(self) -> bool:
        """Whether anything says which matrix to take, which only a file can answer."""
        return bool(self.layer is not None or self.use_raw or self.transpose or self.genome)
