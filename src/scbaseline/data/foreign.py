"""Says how to get an .h5ad from formats that are not read here."""

import re
from pathlib import Path

from scbaseline.data.encoding import what_it_is

LOOM = (
    "is a loom file, which is not read here; in Python: "
    "import anndata; anndata.io.read_loom('x.loom').write_h5ad('x.h5ad')"
)
MUDATA = (
    "is a MuData file of several modalities; take the one of RNA, in Python: "
    "import mudata; mudata.read('x.h5mu').mod[{first!r}].write_h5ad('x.h5ad')"
)
ALEVIN = (
    "is an output of alevin in its own format; run `salmon alevin` with --dumpMtx, or in R: "
    "tximport::tximport('quants_mat.gz', type = 'alevin')"
)
_R = (
    "in R: library(zellkonverter); x <- {read}; if it is a Seurat object: "
    "x <- Seurat::as.SingleCellExperiment(x); writeH5AD(x, 'x.h5ad')"
)
_EXCEL = (
    "is an Excel file; in Excel, save the sheet as 'CSV UTF-8' (beware: Excel turns genes such "
    "as SEPT2 into dates)"
)
_PICKLE = (
    "is a pickle, which can run any code when it is read; in Python, save its AnnData: "
    "adata.write_h5ad('x.h5ad')"
)
_READS = "holds reads, not counts; count them first, e.g. with STARsolo or cellranger"
_ARROW = "is an Arrow file; in Python: pandas.read_feather('x').to_csv('x.csv')"
_UNFINISHED = "is a download that did not end; get the file again"
_GUNZIP_FIRST = (".h5ad", ".h5", ".loom", ".h5mu", ".h5seurat", ".rds", ".rdata", ".xlsx")
_UNPACKERS = {
    ".zip": "unzip", ".tar.bz2": "tar xf", ".tar.xz": "tar xf", ".bz2": "bunzip2", ".xz": "unxz",
    ".zst": "unzstd", ".7z": "7z x", ".rar": "unrar x", ".z": "uncompress",
}  # fmt: skip
_UNPACK = "is packed; type {command} first, then pass the file that comes out"

_BY_ENDING = {
    "quants_mat.gz": ALEVIN,
    ".loom": LOOM,
    ".h5mu": MUDATA.format(first="rna"),
    ".rds": "is a file of R; " + _R.format(read="readRDS('x.rds')"),
    ".rdata": "is a file of R; " + _R.format(read="get(load('x.RData'))"),
    ".rda": "is a file of R; " + _R.format(read="get(load('x.rda'))"),
    ".qs2": "is a file of R; " + _R.format(read="qs2::qs_read('x.qs2')"),
    ".qs": "is a file of R; " + _R.format(read="qs::qread('x.qs')"),
    ".h5seurat": (
        "is a file of SeuratDisk; in R: SeuratDisk::Convert('x.h5seurat', dest = 'h5ad')"
    ),
    ".xlsx": _EXCEL,
    ".xls": _EXCEL,
    ".xlsm": _EXCEL,
    ".ods": _EXCEL.replace("an Excel file; in Excel,", "a spreadsheet; in its program,"),
    ".parquet": "is a Parquet file; in Python: pandas.read_parquet('x.parquet').to_csv('x.csv')",
    ".npz": (
        "holds a matrix without names; in Python: anndata.AnnData(scipy.sparse.load_npz('x.npz'), "
        "obs=…, var=…).write_h5ad('x.h5ad')"
    ),
    ".pkl": _PICKLE,
    ".pickle": _PICKLE,
    **dict.fromkeys(
        (".bam", ".sam", ".cram", ".sra", ".fastq", ".fastq.gz", ".fq", ".fq.gz"), _READS
    ),
    ".bus": "holds reads, not counts; type: bustools count, then pass its folder",
    **{f"{ending}.gz": _UNPACK.format(command="gunzip") for ending in _GUNZIP_FIRST},
    **{ending: _UNPACK.format(command=command) for ending, command in _UNPACKERS.items()},
    ".part": _UNFINISHED,
    ".crdownload": _UNFINISHED,
    ".filepart": _UNFINISHED,
    ".npy": (
        "holds a matrix without names; in Python: anndata.AnnData(numpy.load('x.npy'), obs=…, "
        "var=…).write_h5ad('x.h5ad')"
    ),
    ".mat": (
        "is a file of MATLAB; in Python: scipy.io.loadmat('x.mat'), then anndata.AnnData(counts, "
        "obs=…, var=…).write_h5ad('x.h5ad')"
    ),
    ".feather": _ARROW,
    ".arrow": _ARROW,
    ".cloupe": "is for 10x's Loupe Browser; pass filtered_feature_bc_matrix.h5 of the same run",
    ".gef": "is a file of Stereo-seq; in Python: stereo.io.stereo_to_anndata writes an .h5ad",
    ".json": "is JSON, not counts; pass an .h5ad, a folder of 10x, or a table",
    ".gtf": "describes genes and holds no counts; pass raw counts",
    ".gtf.gz": "describes genes and holds no counts; pass raw counts",
    ".bed": "holds regions of the genome, no counts of genes; pass raw counts",
    ".sf": "is salmon's result for one sample; pass counts of cells × genes",
    ".genes.results": "is RSEM's result for one sample; pass counts of cells × genes",
    ".isoforms.results": "is RSEM's result for one sample; pass counts of cells × genes",
    "readspergene.out.tab": (
        "is STAR's result for one sample; for cells, pass the folder Solo.out/Gene/filtered"
    ),
    ".toml": "holds settings or a map of labels, not counts; pass it with --config or --label-map",
    ".safetensors": "is a model, not counts; type: scbaseline show",
    "barcodes.tsv": "is a part of a 10x folder; pass the folder",
    "barcodes.tsv.gz": "is a part of a 10x folder; pass the folder",
    "features.tsv": "is a part of a 10x folder; pass the folder",
    "features.tsv.gz": "is a part of a 10x folder; pass the folder",
    "genes.tsv": "is a part of a 10x folder; pass the folder",
    "genes.tsv.gz": "is a part of a 10x folder; pass the folder",
}


def how_to_convert(path: Path) -> str:
    """Return what a file of another format is and how to get one that is read, or ``""``."""
    name = path.name.lower()
    ending = next((ending for ending in _BY_ENDING if name.endswith(ending)), None)
    if ending is None or name.endswith(".zarr.zip"):
        return ""
    said = _BY_ENDING[ending]
    if said.endswith("pass the folder"):
        return f"{said}: scbaseline doctor {path.parent}"
    if said.endswith("scbaseline show"):
        return f"{said} {path}"
    stem = path.name[: -len(ending)] if ending.startswith(".") else path.name
    said = re.sub(rf"(?i)'x{re.escape(ending)}'", lambda _: f"'{path.name}'", said)
    return said.replace("'x.", f"'{stem}.").replace("'x'", f"'{path.name}'")


def how_to_rename(path: Path) -> str:
    """Return what a file is whose ending says nothing, and which ending to give it, or ``""``."""
    with path.open("rb") as file:
        first = file.read(4096)
    if first.startswith(b"\x89HDF\r\n\x1a\n"):
        return "is an HDF5 file; rename it to end in .h5ad (of AnnData) or .h5 (of 10x)"
    if first.startswith(b"%%MatrixMarket"):
        return "is a matrix; rename it to matrix.mtx, beside barcodes.tsv and features.tsv"
    if said := what_it_is(path, first):
        return f"is {said}"
    if first.startswith(b"\x1f\x8b"):
        return "is gzipped; if it is a table, rename it to end in .tsv.gz or .csv.gz"
    if first and b"\0" not in first:
        return "is text; if it is a table, rename it to end in .tsv or .csv"
    return ""
