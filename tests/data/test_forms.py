"""The same cells give the same counts in whatever form they come, or a refusal that helps."""

from pathlib import Path

import numpy as np
import pytest
from made_forms import REFUSED, SAME, simulated

from scbaseline.data.check import check_counts
from scbaseline.data.doctor import examine
from scbaseline.data.findings import findings
from scbaseline.data.genes import align_genes, aligned_counts
from scbaseline.data.read import open_counts, read_counts
from scbaseline.errors import InputError


@pytest.mark.parametrize("form", SAME)
def test_every_form_gives_the_same_counts(tmp_path: Path, form: str) -> None:
    """Cells, genes and counts are those that were simulated, in whatever form they were."""
    write, options = SAME[form]
    truth = simulated()
    checked = check_counts(read_counts(write(simulated(), tmp_path), options))
    found = align_genes(truth.var_names, truth.var["gene_ids"], checked.var)
    assert found.missing == ()
    assert checked.obs_names.tolist() == truth.obs_names.tolist()
    np.testing.assert_array_equal(aligned_counts(checked.X, found).toarray(), truth.X.toarray())


@pytest.mark.parametrize("form", REFUSED)
def test_other_forms_are_refused_with_what_to_type(tmp_path: Path, form: str) -> None:
    """What cannot be told without the user is refused in one line that names the flag."""
    write, words = REFUSED[form]
    path = write(simulated(), tmp_path)
    with pytest.raises(InputError, match=words) as caught:
        check_counts(read_counts(path))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("form", SAME)
def test_on_disk_is_examined_as_in_memory(tmp_path: Path, form: str) -> None:
    """Opened without being read, a file gets the same verdict, and it is one of use."""
    write, options = SAME[form]
    path = write(simulated(), tmp_path)
    with open_counts(path, options) as adata:
        on_disk = examine(adata)
        said = findings(on_disk, obs_names=adata.obs_names, var_names=adata.var_names)
    in_memory = examine(read_counts(path, options))
    assert not any(finding.is_refusal for finding in said)
    assert on_disk.values.kind == in_memory.values.kind
    np.testing.assert_array_equal(on_disk.values.sums_n, in_memory.values.sums_n)
