"""Lists the titles of columns that describe genes or cells beside the counts of a table."""

import re
from collections.abc import Sequence

# What programs call columns of text beside the genes of a table.
OF_GENES = frozenset({
    "gene", "genes", "gene_id", "gene_ids", "geneid", "gene_name", "gene_names", "genename",
    "gene_symbol", "gene_symbols", "genesymbol", "symbol", "symbols", "hgnc_symbol", "hgnc",
    "mgi_symbol", "external_gene_name", "gene_short_name", "feature_name", "feature", "feature_id",
    "feature_type", "feature_types", "ensembl", "ensembl_id", "ensemblid", "ensembl_gene_id",
    "ensembl_gene", "gene_type", "gene_biotype", "biotype", "genetype", "description",
    "gene_description", "transcript_id_s", "chr", "chrom", "chromosome", "seqname",
    "seqnames", "strand",
})  # fmt: skip
"""Titles of columns of text that describe genes, and of the column that names them."""

NUMBERS_OF_GENES = frozenset({
    "chr", "chrom", "chromosome", "seqname", "seqnames", "start", "end", "stop", "strand",
    "width", "entrez", "entrezid", "entrez_id", "entrezgene", "entrezgene_id", "entrez_gene_id",
    "ncbi_gene_id", "exon_length", "transcript_length",
})  # fmt: skip
"""Those of columns that hold numbers."""

LENGTHS = frozenset({"length", "gene_length", "genelength", "eff_length", "effective_length"})
"""Those of lengths of genes."""

PLACES = frozenset({"chr", "chrom", "chromosome", "start", "end", "strand", "length"})
"""Those of the places of genes: some of them together are certain."""

NAMES_OF_CELLS = frozenset({
    "cell", "cells", "cell_id", "cell_ids", "cellid", "cell_name", "cell_names", "cell_barcode",
    "barcode", "barcodes",
})  # fmt: skip
"""Titles of the column that names cells."""

_OF_CELLS = frozenset({
    "age", "area", "array_col", "array_row", "batch", "batch_id", "cell_area", "cell_type",
    "celltype", "cluster", "cluster_id", "clusters", "condition", "date", "day", "donor",
    "donor_id", "doublet", "fov", "g2m_score", "gender", "in_tissue", "label", "labels", "lane",
    "library", "library_id", "n_reads", "orig_ident", "patient", "patient_id", "phase", "plate",
    "pseudotime", "replicate", "s_score", "sample", "sample_id", "sex", "size_factor",
    "size_factors", "timepoint", "x_centroid", "y_centroid", *NAMES_OF_CELLS,
})  # fmt: skip


def plain_title(title: str) -> str:
    """Return a title in small letters, ``_`` for all that is no letter or digit."""
    return re.sub(r"\W+", "_", title.strip().lower()).strip("_")


def of_cells(titles: Sequence[str]) -> list[int]:
    """Return the places of titles that describe cells, and are no gene of any species.

    ``x`` and ``y`` do so together: a gene of the fly is called ``y``.
    """
    wanted = _OF_CELLS | ({"x", "y", "z"} if {"x", "y"} <= {*titles} else set())
    return [place for place, title in enumerate(titles) if title in wanted]
