"""Secrets as Rookery stores them: `SecretBox` in Sources/Platform/Crypto/SecretBox.swift says how."""

import base64
import secrets

from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal(key_ring: str, secret: str, owner: str) -> bytes:
    """Seals with the ring's newest key.

    key_ring: as in ROOKERY_MASTER_KEY. owner: whose secret it is, such as `tenant_…/bot_…/webhook_secret`.
    """
    name, _, key = key_ring.split(",")[0].rpartition(":")
    name = name.strip() or "1"
    head = bytes([1, len(name)]) + name.encode()
    nonce = secrets.token_bytes(12)
    return head + nonce + AESGCM(base64.b64decode(key)).encrypt(nonce, secret.encode(), head + owner.encode())


def unseal(key_ring: str, sealed: bytes, owner: str) -> bytes:
    """Opens what the program has sealed with a key of the ring."""
    keys = {name.strip() or "1": base64.b64decode(key)
            for name, _, key in (entry.rpartition(":") for entry in key_ring.split(","))}
    head = sealed[:2 + sealed[1]]
    nonce, rest = sealed[len(head):len(head) + 12], sealed[len(head) + 12:]
    return AESGCM(keys[head[2:].decode()]).decrypt(nonce, rest, head + owner.encode())
