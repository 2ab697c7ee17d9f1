"""Says how to get an .h5ad from formats that are not read here."""

from pathlib import Path

LOOM = (
    "is a loom file, which is not read here; in Python: "
    "import anndata; anndata.io.read_loom('x.loom').write_h5ad('x.h5ad')"
)
MUDATA = (
    "is a MuData file of several modalities; take the one of RNA, in Python: "
    "import mudata; mudata.read('x.h5mu').mod[{first!r}].write_h5ad('x.h5ad')"
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
_UNPACK = "is packed; type {command} first, then pass the file that comes out"

_BY_ENDING = {
    ".loom": LOOM,
    ".h5mu": MUDATA.format(first="rna"),
    ".rds": "is a file of R; " + _R.format(read="readRDS('x.rds')"),
    ".rdata": "is a file of R; " + _R.format(read="get(load('x.RData'))"),
    ".rda": "is a file of R; " + _R.format(read="get(load('x.rda'))"),
    ".qs": "is a file of R; " + _R.format(read="qs::qread('x.qs')"),
    ".h5seurat": (
        "is a file of SeuratDisk; in R: SeuratDisk::Convert('x.h5seurat', dest = 'h5ad')"
    ),
    ".xlsx": _EXCEL,
    ".xls": _EXCEL,
    ".parquet": "is a Parquet file; in Python: pandas.read_parquet('x.parquet').to_csv('x.csv')",
    ".npz": (
        "holds a matrix without names; in Python: anndata.AnnData(scipy.sparse.load_npz('x.npz'), "
        "obs=…, var=…).write_h5ad('x.h5ad')"
    ),
    ".pkl": _PICKLE,
    ".pickle": _PICKLE,
    ".bam": "holds reads, not counts; count them first, e.g. with STARsolo or cellranger",
    ".fastq": "holds reads, not counts; count them first, e.g. with STARsolo or cellranger",
    ".fastq.gz": "holds reads, not counts; count them first, e.g. with STARsolo or cellranger",
    ".bus": "holds reads, not counts; type: bustools count, then pass its folder",
    ".h5ad.gz": _UNPACK.format(command="gunzip"),
    ".h5.gz": _UNPACK.format(command="gunzip"),
    ".zip": _UNPACK.format(command="unzip"),
    ".bz2": _UNPACK.format(command="bunzip2"),
    ".xz": _UNPACK.format(command="unxz"),
    ".zst": _UNPACK.format(command="unzstd"),
    ".7z": _UNPACK.format(command="7z x"),
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
    if ending is None:
        return ""
    said = _BY_ENDING[ending]
    if said.endswith("pass the folder"):
        return f"{said}: scbaseline doctor {path.parent}"
    if said.endswith("scbaseline show"):
        return f"{said} {path}"
    stem = path.name[: -len(ending)] if ending.startswith(".") else path.name
    return said.replace("'x.", f"'{stem}.")
