"""Claims about names of clusters: right on known cells, none without structure or elsewhere."""

import tomllib
from collections import Counter as Count
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from conftest import SMALL, simulate

from scbaseline import RunConfig, read_counts
from scbaseline.cells.clustering import cluster_counts
from scbaseline.cells.marker_table import CellType, MarkerTable, read_marker_table
from scbaseline.cells.thinning import structureless_counts, thin_counts
from scbaseline.counts import Counts
from scbaseline.stages import Stages
from scbaseline.study.labels import Labels, labels_from_clusters
from scbaseline.study.names import ClusterNames, name_clusters, named_labels
from scbaseline.study.prepare import Prepared, prepare

CONFIG = RunConfig(threads=1)
COARSE = {
    "CD16 Mono": "FCGR3A Mono", "Platelet": "Mk", "cDC1": "DC", "cDC2": "DC", "pDC": "DC",
}  # fmt: skip
"""Our table's words for the types of coarse_labels.toml, where they differ."""

PANCREAS = MarkerTable(
    "Azimuth human pancreas",
    tuple(
        CellType(name, tuple(genes.split()))
        for name, genes in {
            "endothelial": "PLVAP RGCC ENG PECAM1 ESM1 SERPINE1 CLDN5 STC1 MMP1 GNG11",
            "stellate": "COL1A1 COL1A2 COL6A3 COL3A1 TIMP3 TIMP1 CTHRC1 SFRP2 BGN LUM",
            "gamma": "PPY AQP3 MEIS2 ID2 GPC5-AS1 CARTPT PRSS23 ETV1 PPY2 TUBB2A",
            "delta": "SST RBP4 SERPINA1 RGS2 PCSK1 SEC11C HHEX LEPR MDK LY6H",
            "ductal": "SPP1 MMP7 IGFBP7 KRT7 ANXA4 SERPINA1 LCN2 CFTR KRT19 SERPING1",
            "acinar": "REG1A PRSS1 CTRB2 CTRB1 REG1B CELA3A PRSS2 REG3A CPA1 CLPS",
            "beta": "IAPP INS DLK1 INS-IGF2 G6PC2 HADH ADCYAP1 GSN NPTX2 C12orf75",
            "alpha": "GCG TTR PPP1R1A CRYBA2 TM4SF4 MAFB GC GPX3 PCSK2 PEMT",
        }.items()
    ),
)

Named = tuple[Prepared, np.ndarray, ClusterNames]


def named(cells: Prepared, *, table: MarkerTable | None = None) -> Named:
    """Cluster cells and name the clusters."""
    clusters_n = cluster_counts(cells.counts, CONFIG).clusters_n
    genes = tuple(cells.cells.var.index)
    table = table or read_marker_table()
    return cells, clusters_n, name_clusters(cells.counts, clusters_n, genes, table, CONFIG)


@pytest.fixture(scope="module")
def blood(test_data: Path) -> Callable[[str], Named]:
    """Return the named clusters of one of the real data sets."""
    done: dict[str, Named] = {}

    def of(name: str) -> Named:
        if name not in done:
            done[name] = named(prepare(read_counts(test_data / name), CONFIG, Stages()))
        return done[name]

    return of


PBMC3K = "pbmc3k/pbmc3k_raw.h5ad"
PBMC4K = "pbmc4k_half_soupx.h5ad"
ZHENG = "zheng2017_sorted_fasttopics.h5ad"


def coarse_types(test_data: Path, name: str, obs: pd.DataFrame) -> list[pd.Series]:
    """Return the coarse type of each cell under each label set, missing where there is none."""
    table = tomllib.loads((test_data / "coarse_labels.toml").read_text(encoding="utf-8"))
    if name == PBMC3K:
        labels = pd.read_csv(test_data / "pbmc3k/labels.csv", index_col=0).reindex(obs.index)
        columns = ("seurat_annotation", "scanpy_louvain")
        return [labels[column].map(table["pbmc3k"][column]) for column in columns]
    if name == ZHENG:
        return [
            obs["cell_type"].astype(object).map(table["zheng2017_sorted_fasttopics"]["cell_type"])
        ]
    column = "cell_type_scvi_seurat"
    scvi = obs[column].astype(object).map(table["pbmc4k_half_soupx"][column])
    soupx = {"T_CD4": "CD4 T", "T_CD8": "CD8 T", "B": "B", "NK": "NK"}
    # The two label sets contradict each other on hundreds of T cells: where they do, neither
    # is a judge.
    other = obs["cell_type_soupx"].astype(object).map(soupx)
    return [scvi.where(other.isna() | (other == scvi))]


@pytest.mark.parametrize(("name", "least"), [(PBMC3K, 9), (PBMC4K, 12), (ZHENG, 9)])
def test_no_name_contradicts_the_given_labels(
    blood: Callable[[str], Named], test_data: Path, name: str, least: int
) -> None:
    """Of most labelled cells of each cluster, the type is the one that markers propose."""
    cells, clusters_n, names = blood(name)
    assert names.n_named >= least
    for types in coarse_types(test_data, name, cells.cells.obs):
        for cluster in names.clusters:
            own = types[clusters_n == cluster.number].dropna()
            if cluster.name and len(own) >= 0.2 * cluster.n_cells:
                majority = Count(own).most_common(1)[0][0]
                assert COARSE.get(cluster.name, cluster.name) == majority, cluster.title


def test_clusters_of_one_name_stay_apart(blood: Callable[[str], Named]) -> None:
    """Their numbers tell them apart; a name of one cluster stands alone."""
    _, _, names = blood(PBMC3K)
    titles = list(names.title_of.values())
    assert {"CD4 T (0)", "CD4 T (2)", "NK", "B"} <= set(titles)
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize("name", [PBMC3K, PBMC4K, ZHENG])
def test_a_table_of_another_tissue_names_nothing(blood: Callable[[str], Named], name: str) -> None:
    """Blood has no islets."""
    cells, clusters_n, _ = blood(name)
    genes = tuple(cells.cells.var.index)
    names = name_clusters(cells.counts, clusters_n, genes, PANCREAS, CONFIG)
    assert names.n_named == 0
    assert names.title_of == {number: number for number in names.title_of}


@pytest.mark.parametrize("name", [PBMC3K, PBMC4K, ZHENG])
@pytest.mark.parametrize("seed", [0, 1])
def test_structureless_counts_are_not_named(
    blood: Callable[[str], Named], name: str, seed: int
) -> None:
    """Clusters of noise at real depths show no type's markers."""
    cells, _, _ = blood(name)
    null = structureless_counts(cells.counts, np.random.default_rng(seed))
    clusters_n = cluster_counts(null, CONFIG).clusters_n
    names = name_clusters(
        null, clusters_n, tuple(cells.cells.var.index), read_marker_table(), CONFIG
    )
    assert len(names.clusters) > 2
    assert names.n_named == 0


def test_the_embedded_sample_is_named() -> None:
    """765 genes are enough for the main types; noise like them, and islets, are not found."""
    adata = read_counts("pbmc68k_reduced")
    cells, clusters_n, names = named(prepare(adata, CONFIG, Stages()))
    given = cells.cells.obs["bulk_labels"].astype(str)
    expected = {"B": "CD19+ B", "Plasmablast": "CD19+ B", "cDC2": "Dendritic", "HSPC": "CD34+"}
    expected["CD16 Mono"] = "CD14+ Monocyte"  # the labels have one type of monocytes
    found = {cluster.name: cluster.number for cluster in names.clusters}
    for name, label in expected.items():
        assert given[clusters_n == found[name]].mode()[0] == label
    genes = tuple(cells.cells.var.index)
    assert name_clusters(cells.counts, clusters_n, genes, PANCREAS, CONFIG).n_named == 0
    null = structureless_counts(cells.counts, np.random.default_rng(0))
    null_clusters_n = cluster_counts(null, CONFIG).clusters_n
    assert name_clusters(null, null_clusters_n, genes, read_marker_table(), CONFIG).n_named == 0


ADATA = simulate(n_cells=300)
COUNTS = Counts.from_anndata(ADATA)
GENES = tuple(ADATA.var_names)
TYPE_N = ADATA.obs["cell_type"].str[-1].to_numpy(str)
TABLE = MarkerTable(
    "a test", tuple(CellType(f"T{t}", GENES[10 * t : 10 * t + 10]) for t in range(2))
)


def test_p_values_are_of_half_b_and_only_where_half_a_finds_the_cluster() -> None:
    """A cluster that half A does not have is descriptive; no gene of it has a p-value."""
    a, b = thin_counts(COUNTS, np.random.default_rng(0))
    clusters_a = np.where(TYPE_N == "2", np.array(["3", "2"])[np.arange(300) % 2], TYPE_N)
    names = name_clusters(COUNTS, TYPE_N, GENES, TABLE, SMALL, half=(a, b, clusters_a))
    found = {cluster.number: cluster for cluster in names.clusters}
    assert found["0"].proof == "chosen on half A, tested on half B"
    assert found["0"].half_jaccard == 1
    assert sum(p < 1e-6 for _, p in found["0"].tested) >= 5
    assert {gene for gene, p in found["0"].tested if p < 1e-6} <= set(GENES[:10])
    assert found["2"].proof == "descriptive"
    assert found["2"].tested == ()
    without = name_clusters(COUNTS, TYPE_N, GENES, TABLE, SMALL)
    assert {cluster.proof for cluster in without.clusters} == {"descriptive"}


def test_half_b_of_noise_gives_few_small_p_values() -> None:
    """Clusters of one half of noise, tested on the other half, are as rarely found as claimed."""
    smallest = []
    for seed in range(5):
        counts = Counts.from_anndata(simulate(n_cells=600, n_types=1, seed=seed))
        a, b = thin_counts(counts, np.random.default_rng(seed))
        clusters_a = cluster_counts(a, SMALL).clusters_n
        names = name_clusters(counts, clusters_a, GENES, TABLE, SMALL, half=(a, b, clusters_a))
        smallest += [min(p for _, p in c.tested) for c in names.clusters if c.tested]
    assert len(smallest) > 40
    assert (np.array(smallest) < 0.05).mean() < 0.12


def test_given_labels_name_what_markers_do_not() -> None:
    """With their share, and only where they are the majority."""
    labels = Labels(np.where(TYPE_N == "2", 1, 0), ("x", "mine"), "given:y", "unknown", 0, {})
    names = name_clusters(COUNTS, TYPE_N, GENES, TABLE, SMALL, labels=labels)
    assert names.title_of == {"0": "T0", "1": "T1", "2": "mine"}
    assert names.clusters[2].majority == ("mine", 1.0)
    rare = Labels(np.full(300, -1), ("x", "mine"), "given:y", "unknown", 300, {})
    unnamed = name_clusters(COUNTS, TYPE_N, GENES, TABLE, SMALL, labels=rare)
    assert unnamed.title_of["2"] == "unnamed (2)"


def test_names_change_no_code() -> None:
    """Labels keep their codes, so that nothing learns from a name."""
    plain = labels_from_clusters(TYPE_N, SMALL)
    titled = named_labels(plain, {"0": "a", "1": "b", "2": "c"})
    assert titled.names == ("a", "b", "c")
    np.testing.assert_array_equal(titled.codes_n, plain.codes_n)
