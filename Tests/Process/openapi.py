"""openapi.yaml, as far as tests are made from it."""

import re
from dataclasses import dataclass, field

import yaml

from processes import ROOT

METHODS = ("get", "put", "post", "delete", "patch")
TEXT = (ROOT / "openapi.yaml").read_text()
API = yaml.safe_load(TEXT)


def resolved(thing: dict) -> dict:
    while "$ref" in thing:
        found = API
        for step in thing["$ref"].removeprefix("#/").split("/"):
            found = found[step]
        thing = found | {key: value for key, value in thing.items() if key != "$ref"}
    return thing


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    permission: str
    responses: tuple[str, ...]
    # Names of parameters in the path, in their order.
    ids: tuple[str, ...]
    # Names of parameters of the query.
    query: tuple[str, ...]
    # An example of its body, of the type that it takes; None when there is none.
    example: dict | None = field(compare=False, default=None)
    body: dict | None = field(compare=False, default=None)
    is_on_admin_address: bool = False

    def __str__(self) -> str:
        return self.id


def _operation(path: str, item: dict, method: str) -> Operation:
    operation = item[method]
    parameters = [resolved(one) for one in item.get("parameters", []) + operation.get("parameters", [])]
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    example = content.get("example") or next((one["value"] for one in content.get("examples", {}).values()), None)
    return Operation(
        id=operation["operationId"], method=method.upper(), path=path, permission=operation["x-permission"],
        responses=tuple(operation["responses"]), ids=tuple(re.findall(r"\{(\w+)\}", path)),
        query=tuple(one["name"] for one in parameters if one["in"] == "query"), example=example,
        body=resolved(content["schema"]) if content else None, is_on_admin_address="servers" in item)


OPERATIONS = [_operation(path, item, method) for path, item in API["paths"].items() for method in METHODS if method in item]
BY_ID = {operation.id: operation for operation in OPERATIONS}


def properties(schema: dict) -> set[str]:
    """Every field that a schema names, those of its parts too."""
    schema = resolved(schema)
    names = set(schema.get("properties", {}))
    for part in schema.get("allOf", []) + schema.get("anyOf", []):
        names |= properties(part)
    return names
