"""What stands behind a destination in the navigation, as markup."""

from __future__ import annotations

from django.utils.safestring import SafeString

from drain.dashboard.frame.frame import NavCount
from drain.dashboard.markup import icon


def chip(count: NavCount | None) -> str:
    if count is None:
        return ""
    mark = icon(count.icon, "small turn" if count.turns else "small") if count.icon else ""
    said = f'<span class="sr-only"> {count.unit}</span>' if count.unit else ""
    return SafeString(f'<span class="nav-count {count.css}">{mark}{count.text}{said}</span>')
