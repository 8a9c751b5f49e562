"""The gain of a memory of completed attempts: simulated pipelines, with and without it.

The memory of this bench is the plainest there is: lines, digits masked, that stand in a fifth of the
completed attempts are taken out before a failed one is read, as long as something is left. It is no part of
the product because the readers alone meet what it was to bring.
"""

from __future__ import annotations

import random
import re
from collections import Counter, defaultdict
from typing import NamedTuple

from bench.fingerprinting.score import score
from drain.fingerprints import fingerprint
from tests.fingerprints.render import texts

_PIPELINES = 30
_COMPLETED = 25
_SHARE = 0.2
_CAUSES, _FAILURES = 8, 4
_ROUTINE = (
    "INFO loaded {n} rules", "INFO fetched page {n}", "Downloading part {n} of 31", "[{n}/400] Building CXX object a{n}.o", "heartbeat {n}", "worker {n} is ready",
)  # fmt: skip
_WARNINGS = (
    "WARN cache is cold, starting without it", "warning: locale en_XX is unknown, falling back", "WARN metrics endpoint unreachable, continuing",
    "npm warn deprecated inflight@1.0.6: not supported",
)  # fmt: skip
# Lines in every log, completed or not, that call themselves errors.
_ERRORS = (
    "ERROR could not read optional file overrides.yml", "error: remote cache refused the connection, going on locally",
    "Exception ignored in: <function Pool.__del__ at 0x7f{n}>", "ERROR telemetry: cannot resolve host stats.acme.io",
)  # fmt: skip
_AFTER = (
    "could not remove temporary folder /tmp/w{n}: directory not empty", "ERROR upload of coverage failed: no token given", "failed to notify chat: channel is archived",
)  # fmt: skip
_WRAPPERS = (
    "Process completed with exit code 1.",
    "ERROR: Job failed: exit code 1",
    "make: *** [Makefile:7: all] Error 2",
)
_SURVIVED = """WARNING attempt 1 failed, retrying
Traceback (most recent call last):
  File "/srv/shop/http.py", line {n}, in get
    response.raise_for_status()
requests.exceptions.HTTPError: 503 Server Error: Service Unavailable for url: https://api.acme.io/v1/{n}
INFO attempt 2 ok"""
_DIGITS = re.compile(r"\d+")


class Pipeline(NamedTuple):
    """Logs of failed attempts with their causes, and of completed ones."""

    causes: list[str]
    failed: list[str]
    completed: list[str]


def pipeline(seed: int, *, errors: bool) -> Pipeline:
    """A pipeline with noise of its own: retries, progress, warnings, a wrapper;
    with ``errors`` also those in every log.
    """
    draw = random.Random(seed)
    known = defaultdict(list)
    for text in (text for name in ("unseen.txt", "heldout.txt") for text in texts(name, _FAILURES)):
        known[text.group].append(text.text)
    before = draw.sample(_ERRORS, 2) if errors else []
    after = draw.sample(_AFTER, 1) if errors else []
    wrapper = draw.choice(_WRAPPERS)

    def log(text: str) -> str:
        lines = [*draw.choices(_ROUTINE, k=6), draw.choice(_WARNINGS)]
        lines += [_SURVIVED] if draw.random() < 0.5 else []
        lines += [*draw.choices(_ROUTINE, k=3), *before, *draw.choices(_ROUTINE, k=2)]
        filled = [line.format(n=draw.randint(10, 9_999)) for line in lines]
        end = [line.format(n=draw.randint(10, 9_999)) for line in after]
        return "\n".join(
            [*filled, text.rstrip("\n"), *end, wrapper] if text else [*filled, *end, "INFO done"]
        )

    causes = draw.sample(sorted(known), _CAUSES)
    failed = [(cause, log(text)) for cause in causes for text in known[cause]]
    return Pipeline(
        [cause for cause, _ in failed],
        [text for _, text in failed],
        [log("") for _ in range(_COMPLETED)],
    )


def _template(line: str) -> str:
    return _DIGITS.sub("0", line)


def without_known_lines(text: str, completed: list[str]) -> str:
    """The text without the lines that stand in a fifth of the completed logs;
    itself when nothing would be left.
    """
    counts = Counter(
        template for log in completed for template in {_template(line) for line in log.split("\n")}
    )
    lines = [line for line in text.split("\n") if counts[_template(line)] < len(completed) * _SHARE]
    return "\n".join(lines) if any(line.strip() for line in lines) else text


def memory_table() -> None:
    """Print grouping accuracy over simulated pipelines, with and without a memory."""
    print(
        f"\nSimulated pipelines ({_PIPELINES} of {_CAUSES} causes): grouping accuracy without and with a memory of completed attempts"
    )
    for name, errors in (
        ("retries, wrappers, progress, warnings", False),
        ("and errors in every log, also after the end", True),
    ):
        alone, beside = [], []
        for seed in range(_PIPELINES):
            found = pipeline(seed, errors=errors)
            alone.append(
                score(found.causes, [fingerprint(text).key for text in found.failed]).accuracy
            )
            kept = [without_known_lines(text, found.completed) for text in found.failed]
            beside.append(score(found.causes, [fingerprint(text).key for text in kept]).accuracy)
        print(f"{name:<44} {sum(alone) / _PIPELINES:.3f} {sum(beside) / _PIPELINES:.3f}")
