"""Any table of a pipeline as a source:
a query of its people's own brings phases in, an update of theirs tells it.
"""

from __future__ import annotations
