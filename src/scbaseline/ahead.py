"""Items in; the same items out, while a thread prepares the next ones."""

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

T = TypeVar("T")


def ahead(items: Iterable[T], *, n_ahead: int = 1) -> Iterator[T]:
    """Pass items on while a thread prepares the next ones.

    Parameters
    ----------
    items
        Made in the thread; an exception there is raised here.
    n_ahead
        Items that may wait at a time, beside the one in the making.
    """
    ready: queue.Queue[tuple[T | None, BaseException | None, bool]] = queue.Queue(n_ahead)
    stopped = threading.Event()

    def put(entry: tuple[T | None, BaseException | None, bool]) -> None:
        while not stopped.is_set():
            try:
                return ready.put(entry, timeout=0.1)
            except queue.Full:
                continue
        return None

    def work() -> None:
        try:
            for item in items:
                put((item, None, False))
                if stopped.is_set():
                    return
        except BaseException as error:  # noqa: BLE001 (it is raised in the other thread)
            put((None, error, True))
        else:
            put((None, None, True))

    thread = threading.Thread(target=work, name="scbaseline: reading ahead", daemon=True)
    thread.start()
    try:
        while True:
            item, error, is_last = ready.get()
            if error is not None:
                raise error
            if is_last:
                return
            yield item  # type: ignore[misc]  # an item, unless it is the last entry
    finally:
        # A file must not be closed while the thread reads from it.
        stopped.set()
        thread.join()
