"""What receivers verify, with the official package of Standard Webhooks and with a library for Ed25519."""

import base64
import secrets

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

from api import ok
from consumers import push_consumer
from receiver import Received
from rookery import until
from updates import edit, new_chat


def delivered(rookery, receiver) -> Received:
    """The next update that the receiver gets."""
    chat = new_chat()
    assert rookery.post(edit(chat)).status_code == 200
    receiver.wait_until(lambda it: it.of(chat), 30)
    return next(entry for entry in receiver.received if entry.chat == chat)


def delivered_with(count: int, rookery, receiver) -> Received:
    """The first that carries so many signatures: a change of secrets takes a moment."""
    found: list[Received] = []

    def came() -> bool:
        found.append(delivered(rookery, receiver))
        return len(versions(found[-1])) == count

    until(came, 60, lambda: f"none came with {count} signatures")
    return found[-1]


def accepts(secret: str, entry: Received) -> bool:
    """Whether the official package does."""
    try:
        Webhook(secret).verify(entry.body, entry.headers)
    except WebhookVerificationError:
        return False
    return True


def accepts_v1a(public_key: str, entry: Received) -> bool:
    """As the specification says: any of the signatures of version v1a fits."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key.removeprefix("whpk_")))
    headers = entry.headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + entry.body
    for signature in headers["webhook-signature"].split(" "):
        if signature.startswith("v1a,"):
            try:
                key.verify(base64.b64decode(signature.removeprefix("v1a,")), signed)
                return True
            except InvalidSignature:
                pass
    return False


def versions(entry: Received) -> list[str]:
    return [signature.split(",")[0] for signature in entry.headers["webhook-signature"].split(" ")]


def test_the_official_package_accepts_what_was_signed_and_nothing_that_was_changed(rookery, receiver):
    with push_consumer(rookery, receiver.url) as (_, made):
        entry = delivered(rookery, receiver)

    assert accepts(made["secret"], entry)
    assert not accepts("whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(), entry)
    entry.body += b" "
    assert not accepts(made["secret"], entry)


def test_after_a_rotation_receivers_with_either_secret_accept_and_without_grace_only_the_new(rookery, receiver):
    with push_consumer(rookery, receiver.url) as (owner, made):
        path = f"/v1/consumers/{made['id']}/rotate-secret"
        first = made["secret"]
        second = ok(owner.post(path, {}))["secret"]
        both = delivered_with(2, rookery, receiver)
        third = ok(owner.post(path, {"grace_ms": 0}))["secret"]
        last = delivered_with(1, rookery, receiver)

    assert len({first, second, third}) == 3
    assert accepts(first, both) and accepts(second, both) and not accepts(third, both)
    assert accepts(third, last) and not accepts(first, last) and not accepts(second, last)


def test_an_asymmetric_secret_is_verified_with_the_public_key_alone_beside_a_shared_one(rookery, receiver):
    with push_consumer(rookery, receiver.url) as (owner, made):
        path = f"/v1/consumers/{made['id']}"
        rotated = ok(owner.post(f"{path}/rotate-secret", {"signing": "v1a"}))
        entry = delivered_with(2, rookery, receiver)
        shown = ok(owner.get(path))

    assert made["public_key"] is None and rotated["secret"].startswith("whsk_")
    assert shown["public_key"] == rotated["public_key"] and len(shown["older_secrets_until"]) == 1
    assert sorted(versions(entry)) == ["v1", "v1a"]
    assert accepts_v1a(shown["public_key"], entry)
    # A receiver of before the rotation skips the version that it does not know.
    assert accepts(made["secret"], entry)
    entry.body += b" "
    assert not accepts_v1a(shown["public_key"], entry)


@pytest.mark.parametrize("signing", ["v1", "v1a"])
def test_a_test_send_is_signed_as_deliveries_are(rookery, receiver, signing):
    with push_consumer(rookery, receiver.url, signing=signing) as (owner, made):
        result = ok(owner.post(f"/v1/consumers/{made['id']}/test"))
        receiver.wait_until(lambda it: 0 in it.ids(), 30)
    entry = next(entry for entry in receiver.received if entry.update_id == 0)

    assert result["status_code"] == 200 and result["error"] is None
    assert entry.headers["rookery-test"] == "true"
    assert accepts(made["secret"], entry) if signing == "v1" else accepts_v1a(made["public_key"], entry)
