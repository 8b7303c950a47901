"""What a consumer's server sees."""

import base64
import secrets
import threading

from standardwebhooks import Webhook

import web
from database import logged
from updates import edit, new_chat


def test_duplicates_on_two_connections_at_once_are_stored_and_delivered_once(rookery, consumer, receiver):
    consumer(receiver.url)
    chat = new_chat()
    updates = [edit(chat) for _ in range(50)]
    statuses, together = [], threading.Barrier(2)

    def send() -> None:
        with web.client() as client:
            for update in updates:
                together.wait(20)
                statuses.append(client.post(rookery.webhook, json=update, headers=rookery.secret).status_code)

    senders = [threading.Thread(target=send) for _ in range(2)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join(60)

    ids = [update["update_id"] for update in updates]
    assert statuses == [200] * 100
    assert logged(rookery, ids[0], ids[-1]) == ids
    receiver.wait_until(lambda it: len(it.of(chat)) >= 50, 30)
    assert receiver.of(chat) == ids


def test_a_chat_keeps_its_order_while_another_chats_receiver_hangs(rookery, consumer, receiver):
    consumer(receiver.url)
    slow, fast = new_chat(), new_chat()
    release = receiver.hold(slow)
    waiting, flowing = [edit(slow) for _ in range(3)], [edit(fast) for _ in range(30)]

    for update in [*waiting, *flowing]:
        assert rookery.post(update).status_code == 200

    receiver.wait_until(lambda it: len(it.of(fast)) == 30 and it.of(slow), 30)
    assert receiver.of(fast) == [update["update_id"] for update in flowing]
    assert receiver.of(slow) == [waiting[0]["update_id"]]
    release.set()
    receiver.wait_until(lambda it: len(it.of(slow)) == 3, 30)
    assert receiver.of(slow) == [update["update_id"] for update in waiting]


def test_a_delivery_carries_telegrams_bytes_and_a_standard_webhooks_signature(rookery, consumer, receiver):
    secret = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
    consumer(receiver.url, secret=secret, telegram_secret_token="s3cret_Token")
    chat = new_chat()
    update = edit(chat)
    body = b'{ "update_id" : %d ,\n"edited_message":{"message_id":1,"date":%d,"chat":{"id":%d,"type":"private"},' \
           b'"text":"caf\\u00e9 \xf0\x9f\x90\xa6"}, "of_a_later_version" : [ 1.50 ] }' % (
               update["update_id"], update["edited_message"]["date"], chat)

    answer = web.post(rookery.webhook, content=body,
                        headers=rookery.secret | {"Content-Type": "application/json"})

    assert answer.status_code == 200
    receiver.wait_until(lambda it: len(it.of(chat)) == 1, 30)
    delivered = receiver.received[-1]
    assert delivered.body == body
    assert Webhook(secret).verify(delivered.body, delivered.headers)["update_id"] == update["update_id"]
    assert delivered.headers["content-type"] == "application/json"
    assert delivered.headers["x-telegram-bot-api-secret-token"] == "s3cret_Token"
    assert delivered.headers["rookery-bot"] == rookery.bot["id"]
    assert delivered.headers["rookery-attempt"] == "1"
    assert "." not in delivered.headers["webhook-id"]
