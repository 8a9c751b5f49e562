"""Failed phases, and a list as the file that it is downloaded as."""

from __future__ import annotations

import csv
import io
import json

from tests.factories import PhaseFactory


def failed(count, run):
    for _ in range(count):
        PhaseFactory(run=run)


def body(answer):
    return b"".join(answer.streaming_content).decode()


def as_csv(answer):
    return list(csv.DictReader(io.StringIO(body(answer))))


def names(client, query):
    return [row["run"] for row in json.loads(body(client.get(f"/runs/{query}")))]
