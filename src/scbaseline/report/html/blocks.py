"""What a page is made of: plain values that the template lays out in order."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scbaseline.report.finding import Finding


@dataclass(frozen=True)
class Chart:
    """A chart that the page's script draws.

    Attributes
    ----------
    kind
        The name of the script's function: ``intervals``, ``lines``, ``dots`` or ``bars``.
    title
        What it shows.
    caption
        What it says, for those who cannot see it, and how to read it.
    spec
        What the script needs; it can be written as JSON.
    """

    kind: str
    title: str
    caption: str
    spec: dict[str, Any]


@dataclass(frozen=True, eq=False)
class Matrix:
    """A confusion matrix, shown as a table.

    Attributes
    ----------
    title
        Recipe and protocol.
    labels
        The names of the k labels.
    counts_kk
        Cells, true label × predicted label.
    """

    title: str
    labels: tuple[str, ...]
    counts_kk: NDArray[np.int64]

    @property
    def rows(self) -> list[tuple[str, list[tuple[int, int]]]]:
        """Each label with its row: the number of cells, and their share in percent."""
        total_k = np.maximum(self.counts_kk.sum(axis=1), 1)
        return [
            (label, [(int(n), round(100 * int(n) / int(total))) for n in row_k])
            for label, row_k, total in zip(self.labels, self.counts_kk, total_k, strict=True)
        ]


@dataclass(frozen=True)
class Copyable:
    """A text with a button that copies it."""

    title: str
    text: str


@dataclass(frozen=True)
class CellMap:
    """Cells in the plane, and what they can be coloured by.

    Attributes
    ----------
    note
        How many cells are shown, and of how many.
    genes
        The genes that the page carries, each with why it was chosen.
    content
        Coordinates, columns and genes, packed for the script.
    """

    note: str
    genes: tuple[tuple[str, str], ...]
    content: dict[str, Any]


Block = Finding | Chart | Matrix | Copyable


@dataclass(frozen=True)
class Section:
    """Blocks under one heading.

    Attributes
    ----------
    anchor
        What links to it end in.
    title
        The heading.
    blocks
        What stands below it, in order.
    """

    anchor: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Page:
    """All that a page shows.

    Attributes
    ----------
    title
        What was done to which data.
    subject
        The data in a line: cells, genes, labels.
    answer
        What was found, in a sentence.
    hero
        The chart that shows the answer.
    warnings
        What a reader must know before the answer is believed.
    cells
        The cells in the plane; ``None`` where they were not laid out.
    sections
        What follows.
    """

    title: str
    subject: str
    answer: str
    hero: Chart | None
    warnings: tuple[str, ...]
    cells: CellMap | None
    sections: tuple[Section, ...]
