"""openapi.yaml and the page made of it."""

import base64
import hashlib
import json
import re
import subprocess
import sys
from html.parser import HTMLParser

import jsonschema_rs
import pytest

import web
from openapi import API, OPERATIONS, TEXT, resolved
from processes import ROOT


def test_the_page_is_made_of_the_present_description():
    made = subprocess.run([sys.executable, ROOT / "script/docs.d/page.py", ROOT / "openapi.yaml"],
                          capture_output=True, check=True, timeout=60).stdout

    assert made == (ROOT / "docs/api.html").read_bytes(), "run script/docs"


def test_the_page_is_served_and_needs_nothing_from_outside(rookery):
    answer = web.get(f"{rookery.api}/docs")
    policy = answer.headers["content-security-policy"]

    class Reader(HTMLParser):
        tags: list = []

        def handle_starttag(self, tag, attributes):
            self.tags.append((tag, dict(attributes)))

    reader = Reader()
    reader.feed(answer.text)
    ids = {attributes["id"] for _, attributes in reader.tags if "id" in attributes}
    links = [attributes["href"] for tag, attributes in reader.tags if tag == "a"]

    assert answer.status_code == 200 and answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.content == (ROOT / "docs/api.html").read_bytes()
    assert policy.startswith("default-src 'none'; ") and "unsafe" not in policy
    style = re.search("<style>(.*?)</style>", answer.text, re.DOTALL).group(1)
    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    assert "url(" not in style and "@import" not in style
    assert not {tag for tag, _ in reader.tags} & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}
    assert not [attributes for _, attributes in reader.tags if {"src", "style", "onclick", "srcset"} & set(attributes)]
    assert {link[1:] for link in links if link.startswith("#")} <= ids
    assert {link for link in links if not link.startswith("#")} == {"/openapi.yaml"}
    assert {operation.id for operation in OPERATIONS} <= ids


def test_the_description_is_served_as_it_is(rookery):
    assert web.get(f"{rookery.api}/openapi.yaml").text == TEXT


# What changes by itself has no version that a client could mean.
UNVERSIONED = {"endSession", "cancelBotImport"}


def test_every_operation_says_all_there_is_to_say():
    for operation in OPERATIONS:
        described = API["paths"][operation.path][operation.method.lower()]
        names = [resolved(one)["name"] for one in API["paths"][operation.path].get("parameters", []) + described.get("parameters", [])]
        assert described["summary"] and described["tags"] and described["x-permission"]
        assert "405" in operation.responses
        if not operation.path.startswith("/v1/"):
            continue
        assert {"429", "500", "503"} <= set(operation.responses)
        assert operation.permission == "open" or {"401", "403"} <= set(operation.responses)
        assert ("Idempotency-Key" in names) == (operation.method == "POST")
        assert (operation.permission == "open") == (described.get("security") == [])
        if "404" in operation.responses and operation.method in ("PATCH", "DELETE") and operation.id not in UNVERSIONED:
            assert "If-Match" in names and "412" in operation.responses
        if operation.body:
            assert operation.example is not None and {"413", "415", "422"} <= set(operation.responses)
            assert operation.body["additionalProperties"] is False
        if "cursor" in operation.query:
            assert "limit" in operation.query and "400" in operation.responses
        assert "{" not in operation.path or "404" in operation.responses


def examples():
    """Every example with the schema that it is of."""
    def walk(thing, where):
        if isinstance(thing, dict):
            schema = thing.get("schema", thing if "components/schemas" in where else None)
            if schema is not None:
                if "example" in thing:
                    yield where, schema, thing["example"]
                for name, one in thing.get("examples", {}).items() if isinstance(thing.get("examples"), dict) else ():
                    yield f"{where}/{name}", schema, one["value"]
            for name, inner in thing.items():
                if name not in ("example", "examples"):
                    yield from walk(inner, f"{where}/{name}")
        elif isinstance(thing, list):
            for index, inner in enumerate(thing):
                yield from walk(inner, f"{where}/{index}")

    return list(walk(API, ""))


@pytest.mark.parametrize("where, schema, example", examples(), ids=[entry[0] for entry in examples()])
def test_an_example_is_valid(where, schema, example):
    # In YAML a time stands in quotes, so that it stays a text; what is not JSON would fail here.
    validator = jsonschema_rs.Draft202012Validator(
        {"components": API["components"], **{key: value for key, value in schema.items() if key != "example"}},
        validate_formats=True)

    validator.validate(json.loads(json.dumps(example)))
