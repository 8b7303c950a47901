"""Tokens signed by hand (RFC 7515), also such as no library would sign."""

import base64
import json

from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def part(value) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def parts(token: str) -> tuple[dict, dict, bytes]:
    head, claims, signature = (base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)) for text in token.split("."))
    return json.loads(head), json.loads(claims), signature


def by_curve(key: ec.EllipticCurvePrivateKey, unsigned: str, size: int = 32, high: bool = False, hash=None) -> bytes:
    """The two numbers of an ECDSA signature, the second in its lower form unless told otherwise."""
    r, s = decode_dss_signature(key.sign(unsigned.encode(), ec.ECDSA(hash or hashes.SHA256())))
    if size == 32 and (s > ORDER // 2) != high:
        s = ORDER - s
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def by_secret(secret: bytes, unsigned: str) -> bytes:
    signer = hmac.HMAC(secret, hashes.SHA256())
    signer.update(unsigned.encode())
    return signer.finalize()


def token(header, claims, sign) -> str:
    unsigned = f"{part(header)}.{part(claims)}"
    signature = sign(unsigned) if callable(sign) else sign
    return f"{unsigned}.{part(signature) if signature else ''}"
