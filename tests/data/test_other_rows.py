"""Rows that are no genes are told by names that no gene has."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scbaseline.data.other_rows import kinds_of_rows

KINDS = {
    "HTSeq": ["__no_feature", "__alignment_not_unique", "no_feature", "too_low_aQual",
              "_ambiguous", "__no_feature-1", "__no_feature.1"],
    "STAR": ["N_unmapped", "N_multimapping", "N.noFeature", "N_unmapped-1", "N_multimapped",
             "noUnmapped", "nNoFeature", "noFeature"],
    "aligner": ["*", "unmapped", "_unmapped", "NO_MATCH", "unassigned_reads"],
    "spike-ins": ["ERCC-00002", "ercc_00171", "ERCC.00130", "ERCC:00004", "ERCC__00002",
                  "ERCC-00002/1", "gERCC-00002", "gSpikein_ERCC-00003", "SIRV101", "SIRV-101",
                  "SIRVome_isoforms", "phiX174", "PhiX", "phix174_spike", "gSpikein_phiX174",
                  "RNA_SPIKE_1"],
    "antibodies": ["Hashtag1", "Hashtag_2", "HTO_1", "HTO-A", "HTO3", "hash_1", "CD3_TotalSeqB",
                   "TotalSeqC_CD4", "CD3-TotalA", "CD3_TotA", "CITE_CD3", "cite.CD3", "CD3_CITE",
                   "anti-human CD4", "anti_mouse_CD45", "anti-HLA-DR", "anti-PE", "anti_PD1",
                   "C0251 anti-human Hashtag 1", "B0251_anti-human_Hashtag1", "ADT_CD4",
                   "CD4-ADT", "adt_CD4", "CD4_adt", "CD4.adt", "ADT-TIGIT", "ADT:CD3", "prot_CD3",
                   "CD4_protein", "PROT:CD3", "CD3.prot", "ab.CD3", "CD3_Ab", "CD3-antibody",
                   "CD4:SK3|CD4|AHS0032|pAbO", "CD4.SK3.CD4.AHS0032.pAbO",
                   "CD4-SK3-CD4-AHS0032-pAbO", "SampleTag01_hs|stAbO", "Sample_Tag01",
                   "CMO301", "CMO-301", "MULTI-seq_1", "MULTI_1", "Mouse-IgG2a_isotype",
                   "Mouse.IgG2a", "rat_IgG1", "IgG1_control", "IgG1_K", "isotype"],
    "sequences": ["CD3-CTCATTGTAACTCCT", "CD3.CTCATTGTAACTCCT", "HTO1-ACCCACCAGTAAGAC"],
    "guides": ["sgRNA_1", "gRNA-CD3D-1", "sgTP53_1", "non-targeting_1"],
    "measures": ["nCount_RNA", "percent.mt", "total_counts", "seurat_clusters", "RNA_snn_res.0.5",
                 "Total reads", "grand total", "S.Score", "pct_mito", "orig.ident"],
}  # fmt: skip
GENES = ["ERCC1", "SIRT1", "HTR1A", "HTRA1", "CD3D", "PROTA", "PROT1", "ANTXR1", "LMO2", "IGHG1",
         "IGSF1", "TOTAL", "SUMO1", "SUMF2", "PHIP", "CITED2", "N6AMT1", "HASH", "MULTI", "ACTG1",
         "NUMB", "CMO1", "GRN", "LEIDEN1", "protein_coding", "adt-1", "adt-3", "prot-1", "tag-1",
         "HSP90-heat-shock-protein", "N_protein", "ORF3a-protein", "Hypothetical_protein",
         "protein-kinase-C", "protein_phosphatase_2A", "ERCC6L2-AS1", "Abd-B", "abo", "TAB1",
         "SGK1", "sgs1", "Sgs3", "HLA-DRA", "CD4-AS1", "CD8B-AS1", "Antp", "YBR160W-A"]  # fmt: skip


def _genes(names: list[str]) -> list[str]:
    is_gene, _, _ = kinds_of_rows(names, [""] * len(names), pd.DataFrame(index=names))
    return [name for name, kept in zip(names, is_gene, strict=True) if kept]


@pytest.mark.parametrize("kind", KINDS)
def test_each_name_is_known_for_no_gene(kind: str) -> None:
    """One by one, so that none hides behind another; and counted."""
    for name in KINDS[kind]:
        assert _genes(["LYZ", name]) == ["LYZ"], name
    names = ["LYZ", *KINDS[kind]]
    _, _, by_name = kinds_of_rows(names, [""] * len(names), pd.DataFrame(index=names))
    assert sum(by_name.values()) == len(KINDS[kind])


@settings(max_examples=40)
@given(
    names=st.permutations([*GENES, *(name for names in KINDS.values() for name in names)]),
    breaks=st.booleans(),
)
def test_genes_stay_in_any_order_beside_any_other_rows(names: list[str], breaks: bool) -> None:
    """Looking among all names at once finds what looking at each does."""
    names = [*names, "a name\nof two lines"] if breaks else names
    assert [name for name in _genes(names) if "\n" not in name] == [
        name for name in names if name in GENES
    ]
