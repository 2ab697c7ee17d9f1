"""Commands that tests let torchrun start, and what becomes of them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

LAUNCH = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]


def launched(*words: object, n_ranks: int = 2) -> subprocess.Popen[str]:
    """Start a script or ``-m scbaseline …`` on some ranks."""
    return subprocess.Popen(
        [*LAUNCH, str(n_ranks), *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def ended(process: subprocess.Popen[str], *, within: float = 180) -> tuple[int, str, str]:
    """Return exit status, standard output and standard error."""
    try:
        out, err = process.communicate(timeout=within)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGTERM)
        raise
    return process.returncode, out, err


def said(err: str) -> list[str]:
    """Return the lines that scbaseline wrote to standard error."""
    return [line for line in err.splitlines() if line.startswith("scbaseline: ")]


def processes(launcher: subprocess.Popen[str], n_ranks: int) -> dict[int, int]:
    """Return the ranks' processes, as soon as all have been started."""
    children = Path(f"/proc/{launcher.pid}/task/{launcher.pid}/children")
    for _ in range(6000):
        found = {}
        for pid in map(int, children.read_text().split()):
            words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            found |= {int(word[5:]): pid for word in words if word.startswith(b"RANK=")}
        if len(found) == n_ranks:
            return found
        time.sleep(0.01)
    raise AssertionError(f"fewer than {n_ranks} ranks after a minute")
