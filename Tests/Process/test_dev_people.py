"""Who may use what `rookery dev` has made."""

import json
import os
import stat

import httpx

import rookery as rookeries
import web
from processes import Process


def ready_line(data_folder, settings=None) -> tuple[Process, dict]:
    process = Process(
        [rookeries.BINARY, "dev", "--json", "--data-dir", str(data_folder)],
        data_folder.with_name("dev.log"),
        rookeries.SETTINGS | (settings or {}),
    )
    return process, json.loads(process.first_line(90))


def sign_in(api: str, person: dict) -> str:
    answer = web.post(f"{api}/v1/auth/login", json=person)
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]


def me(api: str, token: str) -> dict:
    answer = httpx.get(f"{api}/v1/auth/me", headers={"Authorization": f"Bearer {token}"}, timeout=10)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_credentials_of_dev_work_and_stay_the_same():
    with rookeries.data_folder() as folder:
        process, first = ready_line(folder)
        try:
            owner = me(first["api"], sign_in(first["api"], first["owner"]))
            platform_token = sign_in(first["api"], first["platform_admin"])
            platform = me(first["api"], platform_token)
            events = httpx.get(
                f"{first['api']}/v1/platform/audit-events?limit=200",
                headers={"Authorization": f"Bearer {platform_token}"},
                timeout=10,
            ).json()["data"]
            key = me(first["api"], first["api_key"])
        finally:
            process.end()
        secrets = folder / "secrets.json"
        mode = stat.S_IMODE(os.stat(secrets).st_mode)

        process, second = ready_line(folder)
        try:
            again = me(second["api"], second["api_key"])
        finally:
            process.end()

    assert owner["role"] == "owner" and owner["tenant"]["id"] == first["tenant_id"]
    assert platform["type"] == "platform_admin" and platform["tenant"] is None
    assert key["type"] == "api_key" and sorted(key["permissions"]) == sorted(owner["permissions"])
    assert mode == 0o600
    made = {event["action"] for event in events if event["actor"]["type"] == "operator"}
    assert made == {
        "account.platform_admin_create", "admin.update", "api_key.create", "bot.create", "consumer.create",
        "tenant.create",
    }
    assert "signing_key.rotate" in {event["action"] for event in events if event["actor"]["type"] == "platform"}
    for name in ["owner", "platform_admin", "api_key", "tenant_id"]:
        assert second[name] == first[name]
    assert again["api_key_id"] == key["api_key_id"]


def test_without_the_sandbox_there_are_people_but_no_bot():
    with rookeries.data_folder() as folder:
        process, ready = ready_line(folder, {"ROOKERY_TELEGRAM_API_URL": "http://127.0.0.1:9"})
        try:
            key = me(ready["api"], ready["api_key"])
        finally:
            process.end()

    assert key["tenant"]["id"] == ready["tenant_id"]
    assert ready["owner"]["email"] and ready["platform_admin"]["password"]
    assert "bot" not in ready and "consumer_id" not in ready
