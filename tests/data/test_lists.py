"""Lists of barcodes and features are read in the layouts in which they are found."""

from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st
from made_forms import simulated, write_10x_h5
from scipy import sparse

from scbaseline.data.lists import features_of
from scbaseline.data.provenance import provenance_of
from scbaseline.data.read import read_counts
from scbaseline.errors import InputError

COUNTS = np.array([[1, 0, 4], [2, 3, 0]])
SYMBOLS = ["CD3D", "LYZ", "NKG7"]
IDS = [f"ENSG{i:011d}" for i in (7, 8, 9)]
BARCODES = ["AAACATACAACCAC-1", "AAACATTGAGCTAC-1"]
TYPE = "Gene Expression"
PLAIN_B = "".join(f"{barcode}\n" for barcode in BARCODES)
PLAIN_G = "".join(f"{gene}\t{symbol}\n" for gene, symbol in zip(IDS, SYMBOLS, strict=True))


def _folder(tmp_path: Path, genes: str, barcodes: str, *, name: str = "genes.tsv") -> Path:
    scipy.io.mmwrite(tmp_path / "matrix.mtx", sparse.coo_matrix(COUNTS.T))
    (tmp_path / name).write_text(genes)
    (tmp_path / "barcodes.tsv").write_text(barcodes)
    return tmp_path


def _genes(line: str) -> str:
    """Return a line for each gene, with its number, id and symbol put in."""
    return "".join(
        line.format(n=n, id=gene, symbol=symbol) + "\n"
        for n, (gene, symbol) in enumerate(zip(IDS, SYMBOLS, strict=True), start=1)
    )


@pytest.mark.parametrize(
    "genes",
    [
        _genes("{id}\t{symbol}\t1\t11869\t14409\t+\tlincRNA"),
        _genes("{id}\t{symbol}\t1\t11869\t14409\t+\t"),
        _genes("{id}\t{symbol}\tchr1\tGene Expression"),
        _genes("{symbol}\t{id}"),
        _genes("{n}\t{id}\t{symbol}"),
        _genes('"{id}"\t"{symbol}"'),
        _genes("{id},{symbol}"),
        _genes("{id} {symbol}"),
        _genes("{id};{symbol}"),
        _genes("{id}\t{symbol}\t"),
        "gene_id\tgene_name\n" + PLAIN_G,
        "ENSEMBL\tSYMBOL\n" + PLAIN_G,
        "id,symbol\n" + _genes("{id},{symbol}"),
        '"id" "symbol"\n' + _genes('"{n}" "{id}" "{symbol}"'),
        "# made by a tool\n" + PLAIN_G,
        PLAIN_G.replace("\n", "\r\n"),
        PLAIN_G.rstrip(),
        f"{IDS[0]}\t{SYMBOLS[0]}\t{TYPE}\n" + PLAIN_G.partition("\n")[2],
        f"{IDS[0]}\t{SYMBOLS[0]}\n" + _genes(f"{{id}}\t{{symbol}}\t{TYPE}").partition("\n")[2],
        "\ufeff" + PLAIN_G,
        PLAIN_G.replace("\n", "\r"),
        "V1\tV2\n" + PLAIN_G,
    ],
    ids=["seven", "empty-last", "type-fourth", "swapped", "numbered", "quoted", "comma", "space",
         "semicolon", "trailing", "header", "other-header", "comma-header", "R", "comment", "dos",
         "no-break", "one-type", "types", "mark", "mac", "V1"],
)  # fmt: skip
def test_features_are_read_in_any_layout(tmp_path: Path, genes: str) -> None:
    """Ids and symbols are told by what they are; other fields say nothing."""
    adata = read_counts(_folder(tmp_path, genes, PLAIN_B))
    np.testing.assert_array_equal(adata.X.toarray(), COUNTS)
    assert adata.var_names.tolist() == SYMBOLS
    assert adata.var["gene_ids"].tolist() == IDS
    assert provenance_of(adata).n_other_features == 0


@pytest.mark.parametrize(
    "barcodes",
    [
        "barcode\n" + PLAIN_B,
        "\tSeurat.ident\n" + "".join(f"{barcode}\t0\n" for barcode in BARCODES),
        "x\n" + PLAIN_B,
        '"x"\n' + "".join(f'"{n}" "{barcode}"\n' for n, barcode in enumerate(BARCODES, 1)),
        '"","x"\n' + "".join(f'"{n}","{barcode}"\n' for n, barcode in enumerate(BARCODES, 1)),
        "".join(f'"{barcode}"\n' for barcode in BARCODES),
        "".join(f"{barcode}\tB cell\t\n" for barcode in BARCODES),
        "".join(f"{n}\t{barcode}\n" for n, barcode in enumerate(BARCODES)),
    ],
    ids=["header", "seurat", "x", "write.table", "write.csv", "quoted", "more", "numbered"],
)
def test_barcodes_are_read_in_any_layout(tmp_path: Path, barcodes: str) -> None:
    """A header is left out; row numbers, quotes and further fields are no names."""
    adata = read_counts(_folder(tmp_path, PLAIN_G, barcodes))
    assert adata.obs_names.tolist() == BARCODES
    np.testing.assert_array_equal(adata.X.toarray(), COUNTS)


@pytest.mark.parametrize(
    ("genes", "barcodes", "words"),
    [
        (PLAIN_G, f"AAACAGGGTTTTCC-1\n{PLAIN_B}", r"3 barcodes; .*if it is a header \('AAACAGGG"),
        (f"ENSG00000000001\tFOO\n{PLAIN_G}", PLAIN_B, r"4 features .*header \('ENSG00000000001'"),
        (f"{PLAIN_G}{PLAIN_G}", PLAIN_B, "6 features and 2 barcodes; take the three files"),
        (PLAIN_G[:-5], PLAIN_B, "genes.tsv ends in the middle of a line"),
        (PLAIN_G[:-6], PLAIN_B, "genes.tsv ends in the middle of a line"),
        (f"{PLAIN_G[:-1]}\tx\ty\tz\n", PLAIN_B, "line 3 of genes.tsv has 5 fields"),
    ],
    ids=["barcode-more", "gene-more", "twice", "cut-at-tab", "cut", "long-line"],
)
def test_lists_that_do_not_fit_are_refused(
    tmp_path: Path, genes: str, barcodes: str, words: str
) -> None:
    """A first row that may be a cell or a gene is never dropped in silence."""
    with pytest.raises(InputError, match=words):
        read_counts(_folder(tmp_path, genes, barcodes))


@given(
    symbols=st.lists(
        st.text(st.sampled_from("ABCxyz019 '\".,;-_/é"), min_size=1, max_size=5).filter(
            lambda name: name == name.strip()
        ),
        min_size=3, max_size=3, unique=True,
    ),
    line=st.sampled_from(["{id}\t{symbol}", "{id}\t{symbol}\t1\t", "{symbol}\t{id}"]),
    header=st.sampled_from(["", "gene_id\tsymbol\n", "# x\n"]),
)  # fmt: skip
def test_any_symbols_are_read_right_or_refused(
    symbols: list[str], line: str, header: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Quotes, commas and blanks within symbols are characters like any other."""
    genes = "".join(
        line.format(id=gene, symbol=symbol) + "\n"
        for gene, symbol in zip(IDS, symbols, strict=True)
    )
    folder = _folder(tmp_path_factory.mktemp("list"), header + genes, PLAIN_B)
    adata = read_counts(folder)
    assert adata.var["gene_ids"].tolist() == IDS
    for name, symbol, gene in zip(adata.var_names, symbols, IDS, strict=True):
        assert name in (symbol, gene)  # the id, where the symbol names nothing


@pytest.mark.parametrize("left_out", ["feature_type", "genome", "name", "id"])
def test_parts_of_a_10x_file_may_be_absent(tmp_path: Path, left_out: str) -> None:
    """CellBender writes what it was given: without types every row is a gene."""
    path = write_10x_h5(simulated(), tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        del file[f"matrix/features/{left_out}"]
    adata = read_counts(path)
    np.testing.assert_array_equal(adata.X.toarray(), simulated().X.toarray())
    wanted = simulated().var["gene_ids"] if left_out == "name" else simulated().var_names
    assert adata.var_names.tolist() == list(wanted)


def test_types_that_are_empty_leave_every_row_a_gene(tmp_path: Path) -> None:
    """A type that nobody knows says nothing."""
    path = write_10x_h5(simulated(), tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        file["matrix/features/feature_type"][:] = b""
    assert read_counts(path).n_vars == 120


def test_version_2s_parts_in_version_3s_place_are_read(tmp_path: Path) -> None:
    """CellBender puts genes and gene_names beside the matrix."""
    path = write_10x_h5(simulated(), tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        group = file["matrix"]
        group["genes"], group["gene_names"] = group["features/id"][:], group["features/name"][:]
        del group["features"]
    assert read_counts(path).var_names.tolist() == simulated().var_names.tolist()


def test_a_file_without_names_of_genes_is_refused(tmp_path: Path) -> None:
    """What names the genes is named in the error."""
    path = write_10x_h5(simulated(), tmp_path / "x.h5")
    with h5py.File(path, "r+") as file:
        del file["matrix/features/id"], file["matrix/features/name"]
    with pytest.raises(InputError, match=r"holds neither 'id' nor 'name'"):
        read_counts(path)


@pytest.mark.parametrize(
    "between",
    [["protein_coding"] * 3, ["chr1", "chr1", "chr1"], ["+", "-", "+"], ["100", "2000", "31"],
     ["a protein", "a kinase", "a channel"], ["", "", ""]],
    ids=["biotype", "chromosome", "strand", "start", "description", "empty"],
)  # fmt: skip
@pytest.mark.parametrize("is_behind", [False, True])
def test_symbols_are_taken_from_the_field_that_can_hold_them(
    between: list[str], is_behind: bool
) -> None:
    """Whatever stands before or behind them."""
    symbols = ["LYZ", "CD3D", "NKG7"]
    fields = [symbols, between] if is_behind else [between, symbols]
    rows = [[f"ENSG0000000000{n}", *rest] for n, rest in enumerate(zip(*fields, strict=True))]
    var = features_of(rows)
    assert var.index.tolist() == symbols
    assert var["gene_ids"].tolist() == [row[0] for row in rows]


def test_a_field_of_one_value_names_no_gene() -> None:
    """Ids beside biotypes are named by their ids, symbols by themselves."""
    ids = ["ENSG00000000001", "ENSG00000000002", "ENSG00000000003"]
    assert features_of([[gene, "protein_coding"] for gene in ids]).index.tolist() == ids
    symbols = ["LYZ", "CD3D", "NKG7"]
    var = features_of([[gene, "protein_coding"] for gene in symbols])
    assert var.index.tolist() == symbols
    assert "gene_ids" not in var
