"""Keeps the counts of a model's genes while a check reads all of them, so that they are read once.

Of tens of thousands of genes a model looks at some thousand. Their counts are a tenth of the
file or less, and prediction needs nothing else of it.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress

from scipy import sparse

from scbaseline.data.genes import GeneAlignment, align_genes, aligned_counts
from scbaseline.data.naming import Naming
from scbaseline.errors import InputError

MOST_BYTES = 2**28
"""What is kept at most; the cells beyond are read again."""

Blocks = Iterator[tuple[int, "sparse.csr_matrix"]]


class KeptGenes:
    """The counts of a model's genes, as far as they were kept.

    Parameters
    ----------
    symbols, ids
        The model's genes; see :func:`~scbaseline.data.genes.align_genes`.
    most_bytes
        Of what is kept, to a block of cells more.

    Attributes
    ----------
    found
        Where the genes stand in the file; ``None`` where nothing is kept: no gene is found,
        or the file holds other features than genes.
    blocks
        The counts of the model's genes, in its order, block by block from the first cell on.
    """

    def __init__(
        self, symbols: Sequence[str], ids: Sequence[str], *, most_bytes: int = MOST_BYTES
    ) -> None:
        self.symbols, self.ids, self.most_bytes = symbols, ids, most_bytes
        self.found: GeneAlignment | None = None
        self.blocks: list[sparse.csr_matrix] = []

    def passing(self, blocks: Blocks, naming: Naming) -> Blocks:
        """Yield blocks of all genes as they come, and keep the model's of them.

        Parameters
        ----------
        blocks
            All cells in order.
        naming
            The genes of the file.
        """
        with suppress(InputError):  # it is raised again where genes are asked for
            if naming.is_gene.all():
                self.found = align_genes(self.symbols, self.ids, naming.var)
        n_bytes = 0
        for start, block in blocks:
            if self.found is not None and n_bytes < self.most_bytes:
                picked = aligned_counts(block, self.found)
                self.blocks.append(picked)
                n_bytes += picked.data.nbytes + picked.indices.nbytes + picked.indptr.nbytes
            yield start, block
