"""A table of marker genes in; which genes each cell type shows, and which it does not, out."""

import csv
from collections.abc import Collection
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from scbaseline.errors import InputError

_GENE_TITLES = frozenset(["gene", "genes", "gene_symbol", "symbol", "marker", "markers"])
_SIGNS = {"+": True, "1": True, "positive": True, "": True}
_COLUMNS = "columns are cell type, gene, sign"
_SIGNS |= {"-": False, "−": False, "–": False, "-1": False, "negative": False}


@dataclass(frozen=True)
class CellType:
    """A cell type and its marker genes.

    Attributes
    ----------
    name
        As the table calls it.
    positive, negative
        Genes that its cells show more than others, and genes that speak against it.
    """

    name: str
    positive: tuple[str, ...]
    negative: tuple[str, ...] = ()


@dataclass(frozen=True)
class MarkerTable:
    """Cell types that clusters can be named after.

    Attributes
    ----------
    source
        The file, or what the table of this package is called.
    types
        The cell types, in the table's order.
    """

    source: str
    types: tuple[CellType, ...]

    def require_some(self, genes: Collection[str]) -> None:
        """Refuse genes among which no marker of the table is.

        Raises
        ------
        InputError
            It names genes of both.
        """
        markers = {gene: None for of in self.types for gene in (*of.positive, *of.negative)}
        if not markers.keys() & set(genes):
            raise InputError(
                f"--markers {self.source}: of its {len(markers):,} genes, none is in the data; the "
                f"table has {next(iter(markers))}, the data have {next(iter(genes), 'no gene')}. "
                f"Its {_COLUMNS}; name genes as the data do"
            )


def read_marker_table(path: str | Path | None = None) -> MarkerTable:
    """Read marker genes from a table of cell type, gene and, optionally, sign.

    Fields are separated by tabs, semicolons or commas. A first line with titles, lines that
    begin with ``#``, and further columns are allowed.

    Parameters
    ----------
    path
        The table; by default that of this package, for human blood.

    Raises
    ------
    InputError
        No such file, a line that is not of that form, or no marker at all.

    Examples
    --------
    >>> [cell_type.name for cell_type in read_marker_table().types][:3]
    ['B', 'Plasmablast', 'CD4 T']
    """
    if path is None:
        text = resources.files(__package__).joinpath("blood_markers.tsv").read_text("utf-8")
        return _parse(text, "this package's table of human blood")
    if not Path(path).exists():
        raise InputError(f"--markers {path}: no such file; give a CSV or TSV file whose {_COLUMNS}")
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            f"--markers {path}: cannot be read as UTF-8; save it so (Excel: 'CSV UTF-8'), or "
            f"give a CSV or TSV file whose {_COLUMNS}"
        ) from error
    except OSError as error:
        raise InputError(
            f"--markers {path}: cannot be read ({error.strerror}); give a CSV or TSV file whose "
            f"{_COLUMNS}"
        ) from error
    if "\0" in text:
        raise InputError(
            f"--markers {path}: is no text, or not in UTF-8; save it as UTF-8 (Excel: 'CSV UTF-8')"
        )
    return _parse(text, str(path))


def _parse(text: str, source: str) -> MarkerTable:
    numbered = [(n, line) for n, line in enumerate(text.splitlines(), start=1) if line.strip()]
    numbered = [(n, line) for n, line in numbered if not line.startswith(("#", "sep=", '"sep='))]
    first = numbered[0][1] if numbered else ""
    separator = next((s for s in "\t;" if s in first), ",")
    rows = csv.reader([line for _, line in numbered], delimiter=separator)
    genes: dict[str, dict[str, bool]] = {}
    signed = True
    for place, ((n, _), row) in enumerate(zip(numbered, rows, strict=True)):
        fields = [field.strip() for field in row]
        titles = [field.lower().replace(" ", "_") for field in fields] if place == 0 else []
        are_genes = [title in _GENE_TITLES for title in titles[:2]]
        if are_genes in ([True, False], [True], [False]):  # swapped, or one column
            raise InputError(
                f"--markers {source}: {_COLUMNS}; seen {', '.join(map(repr, fields))}. Put them in "
                "this order, with commas or tabs between"
            )
        if any(are_genes):
            signed = len(fields) > 2 and fields[2].lower() == "sign"
            continue
        sign = fields[2].lower() if signed and len(fields) > 2 else ""
        if len(fields) < 2 or not fields[0] or not fields[1] or sign not in _SIGNS:
            raise InputError(
                f"--markers {source}: line {n} is {numbered[place][1]!r}; wanted: cell type, gene "
                "and, optionally, + or -, separated by commas or tabs"
            )
        genes.setdefault(fields[0], {})[fields[1]] = _SIGNS[sign]
    if not any(any(of_type.values()) for of_type in genes.values()):
        raise InputError(
            f"--markers {source}: holds no marker; wanted: a line for each, with cell type, gene "
            "and, optionally, + or -"
        )
    return MarkerTable(
        source,
        tuple(
            CellType(
                name,
                tuple(gene for gene, is_positive in of_type.items() if is_positive),
                tuple(gene for gene, is_positive in of_type.items() if not is_positive),
            )
            for name, of_type in genes.items()
        ),
    )
