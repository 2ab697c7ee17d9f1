"""Types of features are understood in any case, wording and column."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scbaseline.data.feature_types import kind_of_type, types_of, which_are_genes
from scbaseline.data.lists import features_of
from scbaseline.data.naming import name_genes
from scbaseline.data.tenx import read_10x_mtx

NAMES = ["LYZ", "CD3D", "NKG7", "X1a"]


@pytest.mark.parametrize(
    ("column", "gene", "other"),
    [
        ("modality", "rna", "prot"), ("feature_type", "gex", "adt"),
        ("feature_types", "RNA", "ADT"),
        ("feature_types", "gene expression", "antibody capture"), ("Type", "RNA", "Protein"),
        ("feature_types", "GeneExpression", "AntibodyCapture"), ("modality", "RNA", "HTO"),
        ("feature_types", "Gene Expression ", "Antibody Capture  "), ("type", "gene", "guide"),
        ("library_type", "Gene Expression", "Antibody Capture"), ("modality-0", "rna", "atac"),
        ("assay", "Gene Expression", "CRISPR Guide Capture"), ("mine", "Gene Expression", "Peaks"),
        ("feature_biotype", "gene", "spike-in"), ("gene_biotype", "protein_coding", "ERCC"),
        ("feature_types", "b'Gene Expression'", "b'Antibody Capture'"), ("is_spikein", False, True),
        ("is_spike", "False", "True"), ("feature_types", "Gene", "Antibody Capture"),
    ],
)  # fmt: skip
def test_other_features_are_left_out(column: str, gene: object, other: object) -> None:
    """Whatever their type is called, and wherever it stands; what they were is counted."""
    naming = name_genes(pd.DataFrame({column: [gene, gene, gene, other]}, index=NAMES))
    assert naming.is_gene.tolist() == [True, True, True, False]
    assert sum(naming.by_type.values()) == 1


@pytest.mark.parametrize(
    ("column", "values"),
    [
        ("type", ["mRNA", "lncRNA", "rRNA", "mRNA"]), ("modality", ["a", "b", "adt", "adt"]),
        ("gene_type", ["protein_coding", "protein", "lincRNA", "Peak"]), ("mine", ["rna"] * 4),
        ("my_group", ["gene", "protein", "gene", "gene"]), ("is_spikein", ["", "NaN", "1", "True"]),
        ("type", [1, 2, 3, 4]), ("notes", ["Peaks", "", "", ""]), ("chr", ["1", "X", "Y", "ERCC"]),
    ],
)  # fmt: skip
def test_words_that_may_mean_something_else_leave_every_row_a_gene(
    column: str, values: list[object]
) -> None:
    """A biotype, a chromosome or a note is no type of feature."""
    assert name_genes(pd.DataFrame({column: values}, index=NAMES)).is_gene.all()


def test_the_column_that_tells_genes_from_others_counts() -> None:
    """Another may call every row a gene."""
    var = pd.DataFrame({"type": "gene", "modality": ["rna", "rna", "rna", "adt"]}, index=NAMES)
    assert name_genes(var).is_gene.tolist() == [True, True, True, False]
    var["modality"] = "rna"
    assert name_genes(var).is_gene.all()


@settings(max_examples=30, deadline=None)
@given(st.data(), st.sampled_from(["Gene Expression", "Antibody Capture", "Peaks", "RNA", "HTO"]))
def test_case_and_what_is_no_letter_do_not_matter(data: st.DataObject, word: str) -> None:
    """``GENE_EXPRESSION`` is what ``Gene Expression`` is."""
    ends = data.draw(st.text("_-. ", max_size=3))
    changed = word.replace(" ", data.draw(st.text("_-. ", max_size=2)))
    cased = "".join(data.draw(st.sampled_from([str.lower, str.upper]))(sign) for sign in changed)
    assert kind_of_type(ends + cased + ends) == kind_of_type(word) != ""


def test_types_keep_the_order_of_rows() -> None:
    """The type of each row is its own, and a missing one is empty."""
    var = pd.DataFrame({"modality": pd.Categorical(["prot", "rna", None, "rna"])}, index=NAMES)
    assert types_of(var) == ["prot", "rna", "", "rna"]
    np.testing.assert_array_equal(which_are_genes(types_of(var)), [False, True, True, True])


@pytest.mark.parametrize("gene", ["Gene", "RNA", "gene expression", "gex"])
def test_a_folder_is_read_by_the_same_rule(tmp_path: Path, gene: str) -> None:
    """Its third column is understood as that of an .h5ad is."""
    rows = [["ENSG00000000001", "LYZ", gene], ["ENSG00000000002", "CD3D", gene]]
    rows.append(["CD3", "CD3_UCHT1", "Antibody Capture"])
    (tmp_path / "features.tsv").write_text("".join("\t".join(row) + "\n" for row in rows))
    (tmp_path / "barcodes.tsv").write_text("AAACCC-1\n")
    head = "%%MatrixMarket matrix coordinate integer general\n3 1 3\n"
    (tmp_path / "matrix.mtx").write_text(head + "1 1 4\n2 1 5\n3 1 6\n")
    assert name_genes(read_10x_mtx(tmp_path).var).is_gene.tolist() == [True, True, False]
    assert name_genes(features_of(rows)).by_type == {"Antibody Capture": 1}
