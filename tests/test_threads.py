"""Claims about threads: how many are used, and that the setting ends with its block."""

import os
import subprocess
import sys

import pytest
import torch
from threadpoolctl import threadpool_info

from scbaseline.threads import limit_threads


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity")
def test_a_process_bound_to_one_processor_uses_one() -> None:
    """What the machine has is not what the process may use."""
    code = (
        "import os; os.sched_setaffinity(0, {min(os.sched_getaffinity(0))});"
        "from scbaseline.threads import usable_processors; print(usable_processors())"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "1"


def test_a_limit_ends_with_its_block() -> None:
    """Every pool has the limit inside, and torch's is as before outside."""
    before = torch.get_num_threads()
    with limit_threads(1) as count:
        assert count == torch.get_num_threads() == 1
        assert all(pool["num_threads"] == 1 for pool in threadpool_info())
    assert torch.get_num_threads() == before
