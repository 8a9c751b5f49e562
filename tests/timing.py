"""The cost of a piece of work by itself, on a machine that does other things too."""

from __future__ import annotations

import time
from collections.abc import Callable


def least_seconds(work: Callable[[], object], *, enough: float) -> float:
    """Return the least CPU seconds of five runs, or of the first below `enough`:
    other work can only make one dearer.
    """
    least = float("inf")
    for _ in range(5):
        begun = time.process_time()
        work()
        least = min(least, time.process_time() - begun)
        if least < enough:
            break
    return least
