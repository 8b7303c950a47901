"""The page at /docs, from openapi.yaml: one file of HTML that loads nothing and runs nothing."""

import html
import json
import pathlib
import re
import sys

import yaml

METHODS = ("get", "post", "put", "patch", "delete")
WHO = {
    "open": "anybody", "signed_in": "whoever has signed in", "member": "whoever acts in a tenant",
    "platform_admin": "platform admins",
}
escape = html.escape


class Page:
    def __init__(self, api: dict):
        self.api = api
        self.parts: list[str] = []

    def render(self) -> str:
        info, css = self.api["info"], pathlib.Path(__file__).with_name("page.css").read_text()
        self.add(f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(info["title"])} API</title>
<style>
{css}</style>
</head>
<body>
<div class="frame">""")
        self.navigation()
        self.add(f"""<main>
<section id="top">
<h1>{escape(info["title"])} API <small>{escape(info["version"])} · <a href="/openapi.yaml">openapi.yaml</a></small></h1>
<p>{inline(info["summary"])}</p>
{prose(info["description"])}
</section>""")
        for tag in self.api["tags"]:
            self.add(f'<section id="tag-{tag["name"]}">\n<h2>{tag["name"]}</h2>\n<p>{inline(tag["description"])}.</p>')
            for where, method, operation, shared in self.operations(tag["name"]):
                self.operation(where, method, operation, shared)
            self.add("</section>")
        self.errors()
        self.schemas()
        self.add("</main>\n</div>\n</body>\n</html>")
        return "\n".join(self.parts) + "\n"

    def add(self, text: str) -> None:
        self.parts.append(text)

    def operations(self, tag: str):
        for kind in ("paths", "webhooks"):
            for where, item in self.api[kind].items():
                for method in METHODS:
                    if tag in item.get(method, {}).get("tags", ()):
                        yield where, method, item[method], item.get("parameters", [])

    def resolve(self, thing: dict) -> dict:
        while "$ref" in thing:
            rest = {key: value for key, value in thing.items() if key != "$ref"}
            found = self.api
            for step in thing["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            thing = found | rest
        return thing

    # The parts of the page

    def navigation(self) -> None:
        self.add('<nav aria-label="Operations">\n<a href="#top">Conventions</a>')
        for tag in self.api["tags"]:
            self.add(f'<h2><a href="#tag-{tag["name"]}">{tag["name"]}</a></h2>\n<ul>')
            for _, method, operation, _ in self.operations(tag["name"]):
                self.add(f'<li><a href="#{operation["operationId"]}"><span class="method {method}">{method}</span>'
                         f'<span>{inline(operation["summary"])}</span></a></li>')
            self.add("</ul>")
        self.add('<h2>More</h2>\n<ul>\n<li><a href="#errors">Errors</a></li>\n<li><a href="#schemas">Schemas</a></li>\n</ul>\n</nav>')

    def operation(self, where: str, method: str, operation: dict, shared: list) -> None:
        is_webhook = not where.startswith("/")
        self.add(f'<article id="{operation["operationId"]}">\n<h3>{inline(operation["summary"])}</h3>')
        path = "to your URL" if is_webhook else f"<code>{escape(where)}</code>"
        self.add(f'<div class="route"><span class="method {method}">{method}</span>{path}{self.permission(operation)}</div>')
        self.add(prose(operation.get("description", "")))
        parameters = [self.resolve(one) for one in shared + operation.get("parameters", [])]
        for place, title in (("path", "Path"), ("query", "Query"), ("header", "Headers")):
            rows = [self.row(one["name"], one["schema"], one.get("description", ""), one.get("required", False))
                    for one in parameters if one["in"] == place]
            self.table(title, rows)
        if body := operation.get("requestBody"):
            self.body(body)
        self.responses(operation["responses"])
        self.add("</article>")

    def permission(self, operation: dict) -> str:
        name = operation.get("x-permission")
        return f'<span class="badge">{escape(WHO.get(name, name))}</span>' if name else ""

    def body(self, body: dict) -> None:
        types = " or ".join(f"<code>{escape(name)}</code>" for name in body["content"])
        first = next(iter(body["content"].values()))
        name = schema_name(first["schema"])
        self.add(f'<h4>Body</h4>\n<p>{types}: {link(name)}</p>')
        self.table("", self.rows(self.resolve(first["schema"])))
        examples = [first["example"]] if "example" in first else [
            one["value"] for one in first.get("examples", {}).values()]
        for example in examples:
            self.add(code(example))

    def responses(self, responses: dict) -> None:
        refused = []
        for status, response in responses.items():
            shared = response.get("$ref", "").rpartition("/")[2]
            if shared and not str(status).startswith("2"):
                refused.append(f'<a href="#error-{shared}">{status} {words(shared)}</a>')
                continue
            response = self.resolve(response)
            self.add(f"<h4>{escape(str(status))}</h4>\n{prose(response.get('description', ''))}")
            headers = [name for name in response.get("headers", {}) if name not in
                       ("Request-Id", "RateLimit-Policy", "RateLimit")]
            if headers:
                self.add("<p>With " + ", ".join(f"<code>{escape(name)}</code>" for name in headers) + "</p>")
            for kind, content in response.get("content", {}).items():
                self.content(kind, content)
        if refused:
            self.add(f'<h4>Errors</h4>\n<p class="codes">{" ".join(refused)}</p>')

    def content(self, kind: str, content: dict) -> None:
        name = schema_name(content["schema"])
        self.add(f"<p><code>{escape(kind)}</code>{': ' + link(name) if name else ''}</p>")
        examples = [content["example"]] if "example" in content else [
            one["value"] for one in content.get("examples", {}).values()]
        if not examples and kind == "application/json" and name:
            examples = [one for one in [self.example(content["schema"])] if one is not None]
        for example in examples:
            self.add(f"<details><summary>Example</summary>\n{code(example)}</details>")

    def example(self, schema: dict):
        """The schema's own example; that of a page, or of a whole of several parts, is put together."""
        schema = self.resolve(schema)
        if "example" in schema:
            return schema["example"]
        whole: dict = {}
        for part in schema.get("allOf", []):
            part = self.resolve(part)
            if items := part.get("properties", {}).get("data", {}).get("items"):
                return {"data": [self.example(items)], "next_cursor": None, "has_more": False}
            whole |= self.example(part) or {}
        if not schema.get("allOf"):
            for name, inner in schema.get("properties", {}).items():
                if (value := self.example(inner)) is not None:
                    whole[name] = value
        return whole or None

    def errors(self) -> None:
        self.add('<section id="errors">\n<h2>Errors</h2>\n<p>As they are answered by many operations.</p>')
        for name, response in self.api["components"]["responses"].items():
            if name == "NoContent":
                continue
            self.add(f'<article id="error-{name}">\n<h3>{words(name)}</h3>\n{prose(response["description"])}')
            for kind, content in response.get("content", {}).items():
                self.content(kind, content)
            self.add("</article>")
        self.add("</section>")

    def schemas(self) -> None:
        self.add('<section id="schemas">\n<h2>Schemas</h2>')
        for name, schema in self.api["components"]["schemas"].items():
            self.add(f'<article id="schema-{name}">\n<h3>{name}</h3>')
            if not self.rows(schema):
                self.add(f"<p>{self.type(schema)}</p>")
            self.add(prose(schema.get("description", "")))
            self.table("", self.rows(schema))
            if "example" in schema:
                self.add(f"<details><summary>Example</summary>\n{code(schema['example'])}</details>")
            self.add("</article>")
        self.add("</section>")

    # Fields and their types

    def rows(self, schema: dict) -> list[str]:
        parts = [self.resolve(part) for part in schema.get("allOf", [])] + [schema]
        required = {name for part in parts for name in part.get("required", [])}
        rows = []
        for part in parts:
            if part is not schema:
                required |= {name for inner in part.get("allOf", []) for name in self.resolve(inner).get("required", [])}
            nested = [self.resolve(inner) for inner in part.get("allOf", [])] if part is not schema else []
            for one in [*nested, part]:
                for name, inner in one.get("properties", {}).items():
                    rows.append(self.row(name, inner, inner.get("description", ""), name in required))
                    rows += self.inner_rows(name, inner)
        return list(dict.fromkeys(rows))

    def inner_rows(self, name: str, schema: dict) -> list[str]:
        """The fields of an object that has no name of its own."""
        inner = schema.get("items", schema)
        return [self.row(f"{name}.{key}", value, value.get("description", ""), key in inner.get("required", []))
                for key, value in inner.get("properties", {}).items()] if "$ref" not in inner else []

    def row(self, name: str, schema: dict, description: str, is_required: bool) -> str:
        mark = ' class="must"' if is_required else ""
        return (f"<tr><td><code{mark}>{escape(name)}</code></td><td>{self.type(schema)}</td>"
                f"<td>{prose(description)}</td></tr>")

    def table(self, title: str, rows: list[str]) -> None:
        if rows:
            self.add((f"<h4>{title}</h4>\n" if title else "") + '<div class="scroll"><table>\n' + "\n".join(rows) + "\n</table></div>")

    def type(self, schema: dict) -> str:
        if "$ref" in schema:
            return link(schema_name(schema))
        if "anyOf" in schema:
            return " or ".join(self.type(one) for one in schema["anyOf"])
        if "const" in schema:
            return f"<code>{escape(json.dumps(schema['const']))}</code>"
        if "enum" in schema:
            return ", ".join(f"<code>{escape(str(one))}</code>" for one in schema["enum"])
        kinds = schema.get("type", "object" if "properties" in schema or "allOf" in schema else "anything")
        kinds = kinds if isinstance(kinds, list) else [kinds]
        texts = [f"list of {self.type(schema['items'])}" if kind == "array" and "items" in schema else kind for kind in kinds]
        bounds = [f"{label} {schema[key]}" for key, label in (
            ("minimum", "from"), ("maximum", "to"), ("minLength", "at least"), ("maxLength", "at most"),
            ("minItems", "at least"), ("maxItems", "at most"), ("default", "else")) if key in schema]
        return ", ".join([" or ".join(texts), *bounds])


def schema_name(schema: dict) -> str:
    return schema.get("$ref", "").rpartition("/")[2]


def link(name: str) -> str:
    return f'<a href="#schema-{name}">{name}</a>' if name else ""


def words(name: str) -> str:
    """`PreconditionFailed` as words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).capitalize()


def code(value) -> str:
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)
    return f"<pre><code>{escape(text.rstrip())}</code></pre>"


def inline(text: str) -> str:
    """`code` and **strong**, as the descriptions use them."""
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)


def prose(text: str) -> str:
    return "\n".join(f"<p>{inline(part)}</p>" for part in re.split(r"\n\s*\n", text.strip()) if part)


if __name__ == "__main__":
    sys.stdout.write(Page(yaml.safe_load(pathlib.Path(sys.argv[1]).read_text())).render())
