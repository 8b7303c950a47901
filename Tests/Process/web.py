"""HTTP on this machine: no proxy, no certificates, and a connection of its own for each request."""

import httpx


def client(timeout: float = 20) -> httpx.Client:
    """Keeps its connections, as Telegram does."""
    return httpx.Client(verify=False, trust_env=False, timeout=timeout)


def request(method: str, url: str, timeout: float = 20, **options) -> httpx.Response:
    with client(timeout) as once:
        return once.request(method, url, **options)


def get(url: str, timeout: float = 20, **options) -> httpx.Response:
    return request("GET", url, timeout, **options)


def post(url: str, timeout: float = 20, **options) -> httpx.Response:
    return request("POST", url, timeout, **options)
