"""The description for machines says what the API does, and its page works under the site's policy."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from django.contrib.staticfiles import finders
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def described():
    answer = Client().get("/api/v1/openapi.json")
    assert answer["Content-Type"] == "application/json"
    return answer.json()


def test_every_address_is_described_with_its_refusals_and_needs_a_token(described):
    from drain.api.urls import urlpatterns

    unlisted = {"openapi-json", "openapi-view", "nothing", "api-root"}
    served = {
        "/api/v1/" + re.sub(r"<\w+:(\w+)>", r"{\1}", str(each.pattern))
        for each in urlpatterns
        if each.name not in unlisted
    }
    assert described["paths"].keys() == served
    operations = [each for path in described["paths"].values() for each in path.values()]
    assert len({each["operationId"] for each in operations}) == len(operations) > 30
    for each in operations:
        assert each["security"] == [{"Token": []}], each["operationId"]
        assert each["description"], each["operationId"]
        assert len(each["summary"].split()) > 2, each["operationId"]
        assert {"401", "403", "422"} <= each["responses"].keys()
    assert described["components"]["securitySchemes"]["Token"]["scheme"] == "bearer"


def test_the_page_loads_its_own_files_only_and_no_script_stands_in_it(client):
    assert client.get("/api/")["Location"] == "/api/v1/docs"
    answer = client.get("/api/v1/docs")
    page = answer.content.decode()
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert re.findall(r"https?://", page) == []
    loaded = re.findall(r'(?:src|href)="/static/([^"]+)"', page)
    assert any(name.endswith("swagger-ui-bundle.js") for name in loaded)
    assert all(finders.find(name) for name in loaded)
    inline = re.findall(r"<script(?![^>]*src=)([^>]*)>", page)
    assert all("application/json" in attributes for attributes in inline)


def test_no_command_loads_the_library_of_the_api():
    code = "import django, sys; django.setup(); print({'ninja', 'pydantic'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "set()\n"
