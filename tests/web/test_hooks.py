"""The hooks that a project calls, by the API."""

from typing import Any

from aiohttp.test_utils import TestClient

Client = TestClient[Any, Any]
PATH = "/api/v1/projects/ada/site/hooks"


async def test_a_hook_is_added_looked_at_called_switched_and_removed(owner: Client) -> None:
    made = await owner.post(PATH, json={"url": "http://127.0.0.1:9/x", "events": ["failed"], "flavour": "slack"})
    assert made.status == 201, await made.text()
    hook = await made.json()
    assert (hook["host"], hook["events"], hook["active"], len(hook["secret"])) == ("127.0.0.1", ["failed"], True, 43)
    (listed,) = (await (await owner.get(PATH)).json())["items"]
    assert listed == {name: value for name, value in hook.items() if name != "secret"}

    one = f"{PATH}/{hook['id']}"
    pinged = await (await owner.post(f"{one}/ping")).json()
    assert (pinged["event"], pinged["state"], pinged["body"]) == (
        "ping",
        "waiting",
        '{"text": "Firefly can reach you."}',
    )
    again = await owner.post(f"{one}/deliveries/{pinged['id']}/redeliver")
    assert again.status == 202
    calls = (await (await owner.get(f"{one}/deliveries")).json())["items"]
    assert [call["event"] for call in calls] == ["ping", "ping", "ping"]
    assert (await (await owner.patch(one, json={"active": False})).json())["active"] is False
    assert (await owner.get(one)).status == 200
    assert (await owner.delete(one)).status == 204
    assert (await owner.get(one)).status == 404
    refused = await owner.post(PATH, json={"url": "https://10.0.0.1/", "events": ["failed"]})
    assert (refused.status, (await refused.json())["field"]) == (422, "url")
