"""Access tokens that nobody issued are worth nothing. Those signed here carry the server's own signature: its key is
opened with its master key, so that a token is refused for the one thing that is wrong with it."""

import base64
import time
import uuid

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

import jws
import typeid
from api import Caller, assert_problem, ok
from database import connection
from jws import by_curve, by_secret, part, parts, token
from people import new_key, new_tenant, platform_admin
from sealing import unseal


class Forge:
    """What an attacker might have: a token, the public keys; and what none has: the server's private key."""

    def __init__(self, rookery, owner: Caller):
        self.caller, self.valid = Caller(owner.api), owner.token
        self.header, self.claims, self.signature = parts(owner.token)
        self.jwk = next(key for key in ok(owner.get("/.well-known/jwks.json"))["keys"] if key["kid"] == self.header["kid"])
        with connection(rookery) as opened:
            sealed = opened.execute("SELECT private_key_sealed FROM signing_key WHERE id = %s", (self.header["kid"],)).fetchone()[0]
        scalar = unseal(rookery.master_key, bytes(sealed), f"signing_key {self.header['kid']}")
        self.key = ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
        self.pem = self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)

    def signed(self, header: dict | None = None, claims: dict | None = None, at: float | None = None) -> str:
        """By the server's key, with these changes; None takes a name away. The times and the jti are made for `at`."""
        moment = time.time() if at is None else at
        number = int(moment * 1000) << 80 | typeid.uuid7().int & (1 << 80) - 1
        fresh = self.claims | {"iat": int(moment), "exp": int(moment) + 600, "jti": str(uuid.UUID(int=number))}
        return token(changed(self.header, header), changed(fresh, claims), lambda text: by_curve(self.key, text))

    def is_taken(self, text: str) -> bool:
        try:
            answer = self.caller.get("/v1/auth/me", headers={"Authorization": f"Bearer {text}".encode()})
        except (httpx.InvalidURL, httpx.LocalProtocolError):
            return False
        if answer.status_code == 200:
            return True
        assert answer.status_code in (400, 401, 431), answer.text
        return False

    def assert_refused(self, text: str) -> None:
        answer = self.caller.get("/v1/auth/me", headers={"Authorization": f"Bearer {text}".encode()})
        assert_problem(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")


def changed(before: dict, changes: dict | None) -> dict:
    after = before | (changes or {})
    return {name: value for name, value in after.items() if value is not None}


@pytest.fixture(scope="module")
def owner(rookery) -> Caller:
    return new_tenant(platform_admin(rookery), "Tokens")[1]


@pytest.fixture(scope="module")
def forge(rookery, owner) -> Forge:
    return Forge(rookery, owner)


def test_a_token_signed_with_the_servers_key_is_taken(forge):
    assert forge.is_taken(forge.valid)
    assert forge.is_taken(forge.signed())


def test_a_token_says_what_it_should_and_verifies_with_the_published_key(forge, owner):
    key = jwt.PyJWK(forge.jwk)
    claims = jwt.decode(forge.valid, key, algorithms=["ES256"], audience="rookery-api", options={
        "require": ["iss", "aud", "sub", "sid", "jti", "iat", "exp", "tid", "role"]})
    me = ok(owner.get("/v1/auth/me"))

    assert forge.header == {"alg": "ES256", "typ": "at+jwt", "kid": forge.jwk["kid"]}
    assert claims["exp"] - claims["iat"] == 600
    assert (claims["sub"], claims["tid"], claims["role"], claims["sid"]) == (
        me["admin_id"], me["tenant"]["id"], "owner", me["session_id"])
    # RFC 7638
    text = '{"crv":"P-256","kty":"EC","x":"%s","y":"%s"}' % (forge.jwk["x"], forge.jwk["y"])
    digest = hashes.Hash(hashes.SHA256())
    digest.update(text.encode())
    assert part(digest.finalize()) == forge.jwk["kid"]


def test_the_key_set_holds_public_keys_only_and_may_be_kept(rookery):
    answer = Caller(rookery.api).get("/.well-known/jwks.json")

    assert "max-age=300" in answer.headers["cache-control"]
    for key in answer.json()["keys"]:
        assert set(key) == {"kty", "crv", "x", "y", "kid", "alg", "use"}


@pytest.mark.parametrize("name", ["none", "None", "NONE", "nOnE", "nonE", " none", "none ", "none\x00", "", "null", "n\u043ene"])
@pytest.mark.parametrize("signature", ["kept", "empty", "some"])
def test_without_an_algorithm_no_token_is_taken(forge, name, signature):
    signed = {"kept": forge.signature, "empty": b"", "some": b"x" * 64}[signature]

    forge.assert_refused(token(forge.header | {"alg": name}, forge.claims, signed))


@pytest.mark.parametrize("value", [None, 0, True, [], {}, ["ES256"], ["none"]], ids=str)
def test_an_algorithm_that_is_no_text_is_none(forge, value):
    forge.assert_refused(token({"alg": value, "typ": "at+jwt", "kid": forge.header["kid"]}, forge.claims, forge.signature))
    forge.assert_refused(forge.signed({"alg": value}))


def test_the_public_key_is_no_secret_to_sign_with(forge):
    secrets = [forge.pem, forge.pem.strip(), forge.point, forge.point[1:], b"", forge.jwk["x"].encode(),
               base64.urlsafe_b64decode(forge.jwk["x"] + "="), str(forge.jwk).encode(), forge.header["kid"].encode()]
    for secret in secrets:
        for name in ("HS256", "hs256", "ES256"):
            forge.assert_refused(token(forge.header | {"alg": name}, forge.claims, lambda text: by_secret(secret, text)))


@pytest.mark.parametrize("name", ["ES384", "ES512", "ES256K", "RS256", "PS256", "EdDSA", "es256", "ES256 ", "HS256"])
def test_another_algorithm_is_refused_though_the_signature_is_right(forge, name):
    forge.assert_refused(forge.signed({"alg": name}))


def test_another_key_or_curve_signs_nothing(forge):
    for curve, size, hash, name in ((ec.SECP256R1(), 32, hashes.SHA256(), "ES256"), (ec.SECP384R1(), 48, hashes.SHA384(), "ES384"),
                                    (ec.SECP384R1(), 48, hashes.SHA256(), "ES256"), (ec.SECP256K1(), 32, hashes.SHA256(), "ES256"),
                                    (ec.SECP521R1(), 66, hashes.SHA512(), "ES512")):
        key = ec.generate_private_key(curve)
        numbers = key.public_key().public_numbers()
        own = {"kty": "EC", "crv": "P-256", "x": part(numbers.x.to_bytes(size, "big")), "y": part(numbers.y.to_bytes(size, "big"))}
        for extra in ({}, {"jwk": own}, {"jku": "https://example.com/jwks.json"}, {"x5u": "https://example.com/x"},
                      {"x5c": [base64.b64encode(forge.point).decode()]}, {"kid": "mine", "jwk": own}, {"kid": None}):
            header = changed(forge.header | {"alg": name}, extra)
            forge.assert_refused(token(header, forge.claims, lambda text: by_curve(key, text, size, hash=hash)))


@pytest.mark.parametrize("extra", [
    {"jku": "http://127.0.0.1:1/jwks.json"}, {"x5u": "http://127.0.0.1:1/"}, {"x5c": ["AA=="]}, {"jwk": {"kty": "EC"}},
    {"crit": ["exp"]}, {"crit": []}, {"crit": ["b64"], "b64": False}, {"b64": False}, {"zip": "DEF"}, {"cty": "JWT"},
    {"x": 1}], ids=str)
def test_a_header_with_more_than_is_issued_is_refused(forge, extra):
    forge.assert_refused(forge.signed(extra))


@pytest.mark.parametrize("kid", [
    None, "", "x", 1, ["a"], {}, "../../../../dev/null", "/dev/null", "' OR '1'='1", "'; DROP TABLE signing_key; --",
    "\x00", "%00", "http://127.0.0.1/", "k" * 3000], ids=lambda it: str(it)[:20])
def test_a_name_of_a_key_that_is_none_is_refused(forge, kid):
    forge.assert_refused(forge.signed({"kid": kid}))


@pytest.mark.parametrize("type", [None, "JWT", "", "id+jwt", "at+jwt ", "rt+jwt", ["at+jwt"], 1], ids=str)
def test_a_token_of_another_type_is_refused(forge, type):
    forge.assert_refused(forge.signed({"typ": type}))


@pytest.mark.parametrize("claims", [
    {"iss": None}, {"iss": "https://example.com"}, {"iss": ""}, {"iss": ["urn:rookery"]},
    {"aud": None}, {"aud": "rookery"}, {"aud": "ROOKERY-API"}, {"aud": ["other"]}, {"aud": ""},
    {"sub": None}, {"sub": ""}, {"sub": 1}, {"sub": "admin_"}, {"sid": None}, {"sid": "x"}, {"jti": None}, {"jti": "x"},
    {"jti": str(uuid.uuid4())}, {"role": "god"}, {"role": None}, {"role": ["owner"]}, {"tid": None}, {"tid": "x"},
    {"tid": None, "role": None}, {"account": None}, {"iat": None}, {"exp": None}, {"exp": "9999999999"},
    {"exp": 1e300}, {"exp": -1}, {"exp": True}, {"exp": 10 ** 30}, {"iat": "now"}], ids=str)
def test_a_wrong_claim_is_refused_though_the_signature_is_right(forge, claims):
    forge.assert_refused(forge.signed(claims=claims))


def test_a_token_counts_from_when_it_is_issued_until_it_expires(forge):
    now = time.time()

    assert forge.is_taken(forge.signed(at=now - 500))
    assert not forge.is_taken(forge.signed(at=now - 601))
    assert not forge.is_taken(forge.signed(at=now + 60))
    assert not forge.is_taken(forge.signed(claims={"nbf": int(now) + 60}))
    assert not forge.is_taken(forge.signed(claims={"exp": int(now)}))
    assert not forge.is_taken(forge.signed(claims={"exp": int(now) + 86_400}))
    expiring = forge.signed(at=now - 597)
    assert forge.is_taken(expiring)
    deadline = time.monotonic() + 10
    while forge.is_taken(expiring):
        assert time.monotonic() < deadline, "kept beyond its end"


def test_a_token_that_is_altered_is_refused(forge):
    head, claims, signature = forge.valid.split(".")
    more = part(forge.claims | {"role": "owner", "tid": typeid.make("tenant")})
    altered = [
        f"{head}.{more}.{signature}", f"{head}.{claims}.", f"{head}.{claims}", f"{head}..{signature}", f".{claims}.{signature}",
        f"{head}.{claims}.{signature}.", f"{head}.{claims}.{signature}.{signature}", f"{forge.valid}=", f"{head}=.{claims}.{signature}",
        f"{head}.{claims}.{part(b'')}", f"{head}.{claims}.{part(b'x' * 64)}", f"{head}.{claims}.{part(bytes(64))}",
        f"{head}.{claims}.{part(forge.signature[::-1])}", f"{head}.{claims}.{part(forge.signature + b'x')}",
        f"{head}.{claims}.{part(forge.signature[:-1])}", f"{claims}.{head}.{signature}", "..", ".", "...", "a.b.c",
        forge.valid.replace(".", " "), forge.valid.upper(), forge.valid[:-1], forge.valid + "A",
        token(forge.header, forge.claims, lambda text: by_curve(forge.key, text, high=True)),
        token(b'{"alg":"ES256","typ":"at+jwt","kid":"%s","kid":"x"}' % forge.header["kid"].encode(), forge.claims,
              lambda text: by_curve(forge.key, text)),
        token(forge.header, b"[" * 3000, lambda text: by_curve(forge.key, text)),
        token(forge.header, forge.claims | {"x": "x" * 6000}, lambda text: by_curve(forge.key, text)),
    ]

    for text in altered:
        forge.assert_refused(text)


def test_no_other_secret_is_an_access_token(rookery, forge, owner):
    key, key_id = new_key(owner, "view_bots")
    live = key.token
    swapped = live[:-1] + ("0" if live[-1] != "0" else "1")
    body = "rk_live_" + "A" * 30
    for text in (owner.refresh_token, key_id, swapped, live[:-1], live + "0", live.upper(), body, body + "000000",
                 live.replace("rk_live_", "rk_test_"), "rk_live_", "rk_inv_" + "A" * 43):
        forge.assert_refused(text)
    assert forge.is_taken(live)


def test_a_token_in_the_query_or_body_is_none(rookery, forge):
    stranger = Caller(rookery.api)

    for answer in (stranger.get(f"/v1/auth/me?access_token={forge.valid}"),
                   stranger.get("/v1/auth/me", headers={"Cookie": f"access_token={forge.valid}"}),
                   stranger.get("/v1/auth/me", headers={"X-Authorization": f"Bearer {forge.valid}"}),
                   stranger.get("/v1/auth/me", headers={"Authorization": f"Token {forge.valid}"}),
                   stranger.get("/v1/auth/me", headers={"Authorization": forge.valid})):
        assert_problem(answer, 401, "unauthorized")
