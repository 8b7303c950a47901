"""The REST API as a program uses it."""

import itertools
import secrets
import threading
from dataclasses import dataclass, field

import httpx

import web

_addresses = itertools.count(secrets.randbelow(1 << 20))

# What differs between two answers to the same question.
VARYING = {"request-id", "date", "ratelimit", "ratelimit-policy"}


def new_address() -> str:
    """An address that no other client of these tests comes from: limits and failed sign-ins count by address."""
    number = next(_addresses) * 0x9E37 & 0xFFFFFF
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


@dataclass
class Caller:
    """Somebody who calls: with a token, an API key, or nothing. Notes every answer."""

    api: str
    token: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    address: str = field(default_factory=new_address)
    answers: list[httpx.Response] = field(default_factory=list)
    refresh_token: str | None = None
    _client: httpx.Client = field(default_factory=web.client, repr=False)

    def send(self, method: str, path: str, headers: dict[str, str] | None = None, **options) -> httpx.Response:
        url = path if path.startswith("http") else self.api + path
        own = {"X-Forwarded-For": self.address, "User-Agent": "rookery-tests"} | self.headers
        if self.token is not None:
            own["Authorization"] = f"Bearer {self.token}"
        if method == "PATCH" and "json" in options:
            own["Content-Type"] = "application/merge-patch+json"
        answer = self._client.request(method, url, headers=own | (headers or {}), **options)
        self.answers.append(answer)
        return answer

    def get(self, path: str, **options) -> httpx.Response:
        return self.send("GET", path, **options)

    def post(self, path: str, json: dict | None = None, **options) -> httpx.Response:
        return self.send("POST", path, json=json, **options)

    def patch(self, path: str, json: dict, **options) -> httpx.Response:
        return self.send("PATCH", path, json=json, **options)

    def delete(self, path: str, **options) -> httpx.Response:
        return self.send("DELETE", path, **options)

    def everything(self, path: str, **query) -> list[dict]:
        """All pages of a list."""
        rows: list[dict] = []
        query = {"limit": 200} | query
        while True:
            page = ok(self.get(path, params=query))
            rows += page["data"]
            if not page["has_more"]:
                return rows
            query["cursor"] = page["next_cursor"]


def ok(answer: httpx.Response) -> dict:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else {}


def assert_problem(answer: httpx.Response, status: int, code: str | None = None) -> dict:
    assert answer.status_code == status, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["request_id"] == answer.headers["request-id"]
    assert code in (None, problem["code"]), problem
    return problem


def told(answer: httpx.Response) -> tuple:
    """All that an answer tells, but for what varies from request to request."""
    text = answer.text.replace(answer.headers["request-id"], "REQUEST")
    headers = sorted((name, value) for name, value in answer.headers.multi_items() if name not in VARYING)
    return answer.status_code, headers, text


def sign_in(api: str, email: str, password: str, tenant: str | None = None) -> Caller:
    caller = Caller(api)
    body = {"email": email, "password": password} | ({"tenant_id": tenant} if tenant else {})
    tokens = ok(caller.post("/v1/auth/login", body))
    caller.token, caller.refresh_token = tokens["access_token"], tokens["refresh_token"]
    return caller


def at_once(*actions) -> list:
    """Runs them all at the same moment; gives what they return, in their order."""
    barrier, results = threading.Barrier(len(actions)), [None] * len(actions)

    def run(index, action):
        barrier.wait(30)
        try:
            results[index] = action()
        except Exception as error:  # given to the one who waits
            results[index] = error

    threads = [threading.Thread(target=run, args=pair, daemon=True) for pair in enumerate(actions)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for result in results:
        if isinstance(result, Exception):
            raise result
    return results
