"""Where the counts are: the source with all genes first, and how many genes each has."""

from pathlib import Path

import anndata
import numpy as np
import pytest
import scanpy
from made_files import written
from made_forms import simulated, write_zarr

from scbaseline.data.check import check_counts
from scbaseline.data.doctor import examine
from scbaseline.data.findings import findings
from scbaseline.data.next_step import next_command
from scbaseline.data.options import ReadOptions
from scbaseline.data.read import open_counts, read_counts
from scbaseline.data.sources import Source
from scbaseline.errors import InputError


def _tutorial(n_genes: int = 50) -> anndata.AnnData:
    """Return what the standard tutorial leaves: scaled genes, their counts, and all in raw."""
    adata = simulated()
    adata.layers["counts"] = adata.X.copy()
    scanpy.pp.normalize_total(adata, target_sum=1e4)
    scanpy.pp.log1p(adata)
    adata.raw = adata.copy()
    adata = adata[:, :n_genes].copy()
    adata.X = adata.X.toarray()
    scanpy.pp.scale(adata)
    return adata


def test_all_genes_come_before_a_layer_of_some(tmp_path: Path) -> None:
    """Raw is advised, whose counts come back exactly; the layer and its genes are named."""
    path = written(_tutorial(), tmp_path / "x.h5ad")
    with open_counts(path) as adata:
        diagnosis = examine(adata)
        said = findings(diagnosis, obs_names=adata.obs_names, var_names=adata.var_names)
    assert diagnosis.elsewhere == (Source(None, 120, is_recovered=True), Source("counts", 50))
    text = str(said[0])
    assert "raw.X holds values of which the counts come back exactly (120 genes)" in text
    assert "pass --use-raw" in text
    assert "layers['counts'] (50 genes)" in text
    read = check_counts(read_counts(path, ReadOptions(use_raw=True)))
    np.testing.assert_array_equal(read.X.toarray(), simulated().X.toarray())


def test_of_as_many_genes_the_plain_counts_come_first() -> None:
    """A layer with the counts themselves needs no recovery."""
    adata = _tutorial(n_genes=120)
    assert [source.layer for source in examine(adata).elsewhere] == ["counts", None]


def test_counts_of_some_genes_in_x_do_not_hide_those_of_all() -> None:
    """X can be used; that raw has more genes is said with the flag."""
    adata = simulated()
    adata.raw = adata.copy()
    adata = adata[:, :30].copy()
    diagnosis = examine(adata)
    said = findings(diagnosis, obs_names=adata.obs_names, var_names=adata.var_names)
    assert not any(finding.is_refusal for finding in said)
    assert any("X has 30 genes only; raw.X" in str(f) and "--use-raw" in str(f) for f in said)


def _without_x(*, layer: bool, raw: bool) -> anndata.AnnData:
    whole = simulated()
    layers = {"umis": whole.X} if layer else None
    adata = anndata.AnnData(obs=whole.obs, var=whole.var, layers=layers)
    if raw:
        adata.raw = whole
    return adata


@pytest.mark.parametrize("zarr", [False, True])
@pytest.mark.parametrize(
    ("layer", "raw", "flag", "options"),
    [
        (True, False, "--layer umis", ReadOptions(layer="umis")),
        (False, True, "--use-raw", ReadOptions(use_raw=True)),
        (True, True, "--layer umis", ReadOptions(use_raw=True)),
    ],
)
def test_without_x_the_flag_is_named_and_works(
    tmp_path: Path, zarr: bool, layer: bool, raw: bool, flag: str, options: ReadOptions
) -> None:
    """A file that holds its counts elsewhere is read where they are named, and says where."""
    adata = _without_x(layer=layer, raw=raw)
    path = tmp_path / ("x.zarr" if zarr else "x.h5ad")
    (write_zarr if zarr else written)(adata, path)
    with pytest.raises(InputError, match=f"X is missing; .*pass {flag}") as caught:
        read_counts(path)
    assert str(caught.value).count(path.name) == 1
    with open_counts(path) as opened:
        said = findings(examine(opened), obs_names=opened.obs_names, var_names=opened.var_names)
        assert said[0].is_refusal
        assert flag in str(said[0])
    np.testing.assert_array_equal(read_counts(path, options).X.toarray(), simulated().X.toarray())
    with open_counts(path, options) as opened:
        assert examine(opened).values.kind == "counts"


def test_an_anndata_without_x_is_refused_with_the_way_on() -> None:
    """In Python, too."""
    with pytest.raises(InputError, match=r"X is missing; .*adata\.X = adata\.layers\['umis'\]"):
        check_counts(_without_x(layer=True, raw=False))


def _log(adata: anndata.AnnData) -> anndata.AnnData:
    scanpy.pp.normalize_total(adata, target_sum=1e4)
    scanpy.pp.log1p(adata)
    return adata


@pytest.mark.parametrize("place", ["counts", None])
@pytest.mark.parametrize("x", ["recovered", "binarised"])
def test_counts_themselves_come_before_an_x_that_can_be_used(x: str, place: str | None) -> None:
    """Recovered counts may lack a factor, and a binarised X has lost them."""
    adata = simulated()
    if place is None:
        adata.raw = adata.copy()
    else:
        adata.layers[place] = adata.X.copy()
    if x == "recovered":
        adata = _log(adata)
    else:
        adata.X = (adata.X > 0).astype(np.float32)
    diagnosis = examine(adata)
    assert diagnosis.elsewhere == (Source(place, 120),)
    said = findings(diagnosis, obs_names=adata.obs_names, var_names=adata.var_names)
    assert any("X holds no raw counts itself; " in str(finding) for finding in said)
    assert examine(adata, only_x=True).elsewhere == ()


def test_recovered_counts_are_no_better_than_recovered_ones() -> None:
    """Logarithms in X and in raw, of the same genes: there is nothing to advise."""
    adata = _log(simulated())
    adata.raw = adata.copy()
    adata.layers["log"] = adata.X.copy()
    assert examine(adata).elsewhere == ()


@pytest.mark.parametrize(
    ("names", "best"),
    [
        (("ambiguous", "matrix", "spliced", "unspliced"), "matrix"),
        (("ambiguous", "spliced", "unspliced"), "spliced"),
        (("a", "RNA counts"), "RNA counts"),
        (("a", "Counts"), "Counts"),
        (("half", "whole"), "whole"),
    ],
)
def test_of_several_layers_the_usual_or_the_fullest_comes_first(
    names: tuple[str, ...], best: str
) -> None:
    """A part of the molecules is not taken for all."""
    whole = simulated()
    half = whole.X.copy()
    half.data = np.floor(half.data / 2)
    layers = {name: whole.X if name == best else half for name in names}
    adata = anndata.AnnData(obs=whole.obs, var=whole.var, layers=layers)
    assert examine(adata).elsewhere[0].layer == best


@pytest.mark.parametrize("x", ["scaled", "missing", "fractional"])
def test_counts_with_fractions_are_the_last_resort(x: str) -> None:
    """They are advised with the option that allows them, where X holds nothing better."""
    whole = simulated()
    fractions = whole.X.copy()
    fractions.data[::3] *= 0.7
    values = {"scaled": whole.X.toarray() - 0.5, "missing": None, "fractional": fractions}[x]
    adata = anndata.AnnData(values, obs=whole.obs, var=whole.var, layers={"soupx": fractions})
    diagnosis = examine(adata)
    said = findings(diagnosis, obs_names=adata.obs_names, var_names=adata.var_names)
    typed = next_command("x.h5ad", ReadOptions(), diagnosis, usable=False, obs=adata.obs)
    assert "--allow-fractional" in str(said[0])
    assert "--allow-fractional" in typed
    assert ("--layer soupx" in typed) == (x != "fractional")
    adata.layers["counts"] = whole.X
    assert examine(adata).elsewhere[0] == Source("counts", 120)
