"""Sees to it that Ctrl-C and SIGTERM end the command, even inside a library that never returns.

Python answers a signal between two of its own steps. HDF5 can be caught in a file's damage,
where there is no next step and no other thread of Python runs. The system, however, writes
the signal's number into a pipe at once. A small process reads it, waits for Python's answer,
and ends this one where there is none. To start it takes about a millisecond.
"""

import os
import select
import signal
from collections.abc import Callable
from contextlib import suppress

_SECONDS = 5.0  # that Python has to answer: a library's longest step that is none of damage
_ANSWER = b"\0"


def watch_signals() -> Callable[[], None]:
    """Start the watching process; return what a handler calls as soon as it runs."""
    if not hasattr(os, "fork"):  # Windows ends a process whatever it does
        return lambda: None
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    watched = os.getpid()
    try:
        child = os.fork()
    except OSError:
        return lambda: None
    if child == 0:
        os.close(write_end)
        _watch(read_end, watched)
    os.close(read_end)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)

    def answered() -> None:
        with suppress(OSError):
            os.write(write_end, _ANSWER)

    return answered


def _watch(read_end: int, watched: int) -> None:
    """Read signals until the watched process has ended, which closes the pipe."""
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
            signal.signal(number, signal.SIG_IGN)
        nowhere = os.open(os.devnull, os.O_RDWR)
        os.dup2(nowhere, 0)
        os.dup2(nowhere, 1)
        while got := os.read(read_end, 1):
            if got[0] not in (signal.SIGINT, signal.SIGTERM):
                continue
            # Between the signal and its answer, more signals may come.
            while got and got != _ANSWER:
                if not select.select([read_end], [], [], _SECONDS)[0]:
                    message = b"scbaseline: error: ended inside a library that did not return\n"
                    with suppress(OSError):
                        os.write(2, message)
                    os.kill(watched, signal.SIGKILL)
                    os._exit(0)
                got = os.read(read_end, 1)
            if not got:
                break
    finally:
        os._exit(0)
