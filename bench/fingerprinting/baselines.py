"""Baselines of the fingerprints: a plain normaliser and Drain3."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.util import find_spec

from drain.fingerprints import fingerprint

WITH_DRAIN3 = find_spec("drain3") is not None


@dataclass(frozen=True)
class Method:
    """A named way from texts to keys, one key a text in the same order."""

    name: str
    keys: Callable[[Sequence[str]], list[str]]


_RULES = (
    (re.compile(r"0x[0-9a-fA-F]+"), "0xADDR"),
    (re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{27}"), "UUID"),
    (re.compile(r"(?:[A-Za-z]:)?[\\/][\w\\/.-]+"), "PATH"),
    (re.compile(r"\d+"), "N"),
    (re.compile(r"\s+"), " "),
)


def plain_normaliser(texts: Sequence[str]) -> list[str]:
    """Normalise texts as drain controllers commonly do:
    a few substitutions, then the first 200 characters.
    """
    return [_plain(text) for text in texts]


def _plain(text: str) -> str:
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return hashlib.sha256(text.strip().lower()[:200].encode()).hexdigest()[:16]


def drain3_default(texts: Sequence[str]) -> list[str]:
    """Drain3 as it comes: one pass, then the cluster each text ended in."""
    from drain3 import TemplateMiner
    from drain3.template_miner_config import TemplateMinerConfig

    config = TemplateMinerConfig()
    config.profiling_enabled = False
    miner = TemplateMiner(config=config)
    return [str(miner.add_log_message(text.replace("\n", " "))["cluster_id"]) for text in texts]


def drain3_masked(texts: Sequence[str]) -> list[str]:
    """Drain3 with masks for numbers, hexadecimal, addresses and paths."""
    from drain3 import TemplateMiner
    from drain3.masking import MaskingInstruction
    from drain3.template_miner_config import TemplateMinerConfig

    config = TemplateMinerConfig()
    config.profiling_enabled = False
    config.masking_instructions = [
        MaskingInstruction(r"\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?", "IP"),
        MaskingInstruction(r"0x[0-9a-fA-F]+|\b[0-9a-f]{8,}\b", "HEX"),
        MaskingInstruction(r"(?<=[^\w/])/[\w./-]+", "PATH"),
        MaskingInstruction(r"(?<![A-Za-z0-9])[-+]?\d+(?![A-Za-z0-9])", "NUM"),
    ]
    miner = TemplateMiner(config=config)
    return [str(miner.add_log_message(text.replace("\n", " "))["cluster_id"]) for text in texts]


METHODS = (
    Method("drainsite key", lambda texts: [fingerprint(text).key for text in texts]),
    Method("drainsite coarse", lambda texts: [fingerprint(text).coarse for text in texts]),
    Method("drainsite fine", lambda texts: [fingerprint(text).fine for text in texts]),
    Method("normaliser, first 200 characters", plain_normaliser),
    *(
        (Method("Drain3 default", drain3_default), Method("Drain3 with masks", drain3_masked))
        if WITH_DRAIN3
        else ()
    ),
)
