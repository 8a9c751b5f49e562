"""Parts that pages share: states, formats, times, drawings, charts."""

from __future__ import annotations
