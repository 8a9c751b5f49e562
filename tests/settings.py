"""Settings of the tests: those of a site, on a cluster of their own.

A module and not a conftest, because Django reads its settings before any conftest is read.
"""

from __future__ import annotations

import os
from pathlib import Path

os.environ["DRAINSITE_TESTING"] = "1"
if "DATABASE_URL" not in os.environ:
    ROOT = Path(__file__).resolve().parent.parent
    os.environ.setdefault("DRAINSITE_DATA", str(ROOT / "var" / "test"))
    # This cluster holds nothing worth keeping, and waiting for the disk is most of its time.
    os.environ.setdefault("DRAINSITE_FSYNC", "off")

from drainsite.settings import *  # noqa: F403

# Files are looked for when they are asked for:
# a list of them all for each test's client is a third of the suite's time.
WHITENOISE_AUTOREFRESH = True
