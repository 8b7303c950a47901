"""TypeID: `bot_01k…` and its UUID. https://github.com/jetify-com/typeid/tree/main/spec"""

import secrets
import time
import uuid

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def make(prefix: str) -> str:
    return encode(prefix, uuid7())


def encode(prefix: str, value: uuid.UUID) -> str:
    digits = [ALPHABET[value.int >> shift & 31] for shift in range(125, -1, -5)]
    return f"{prefix}_{''.join(digits)}"


def decode(text: str) -> uuid.UUID:
    number = 0
    for digit in text.rpartition("_")[2]:
        number = number << 5 | ALPHABET.index(digit)
    return uuid.UUID(int=number)


def uuid7() -> uuid.UUID:
    number = int(time.time() * 1000) << 80 | 0x7 << 76 | secrets.randbits(12) << 64 | 0x2 << 62 | secrets.randbits(62)
    return uuid.UUID(int=number)
