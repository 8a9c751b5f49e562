"""A real receiver of webhooks, and webhooks that lead to it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drain.engine.news.webhooks import add_webhook
from drain.models import Webhook
from drain.models.audit import Person
from drain.models.vocabulary import NEWS, Origin

ANN = Person("ann", Origin.COMMAND)
KINDS = [kind.value for kind in NEWS]


class Receiver:
    """The received requests, oldest first."""

    def __init__(self, port: int, file: Path) -> None:
        self.port = port
        self._file = file

    def url(self, path: str = "/ok") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    @property
    def got(self) -> list[dict[str, Any]]:
        if not self._file.exists():
            return []
        return [json.loads(line) for line in self._file.read_text().splitlines()]

    def hook(self, name: str = "ops", path: str = "/ok") -> tuple[Webhook, str]:
        """A webhook that leads here, with its secret."""
        return add_webhook(name, self.url(path), KINDS, ANN)


@pytest.fixture
def receiver(tmp_path: Path, settings: Any) -> Iterator[Receiver]:
    settings.DRAIN_WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    script = Path(__file__).parents[2] / "receiver.py"
    file = tmp_path / "got.jsonl"
    with subprocess.Popen(
        [sys.executable, str(script), str(file)], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        try:
            yield Receiver(int(child.stdout.readline()), file)
        finally:
            child.kill()
