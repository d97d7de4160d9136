"""A project whose application remembers what it was asked: on its main port and on others, by HTTP and WebSocket."""

import asyncio
import json
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .previews import ask, wait_for_text
from .server import LiveServer, create_project
from .witness_app import SECRET

__all__ = ["API_PORT", "MANIFEST", "PROGRAM", "SECRET", "Witness", "make_witness"]

API_PORT = 8081
MANIFEST = "dev: [python3 app.py]\ninstall: []\n"
PROGRAM = Path(__file__).with_name("witness_app.py")


@dataclass(frozen=True)
class Witness:
    server: LiveServer
    project: dict[str, Any]

    @property
    def preview(self) -> str:
        """The origin of the main port."""
        return str(self.project["urls"]["preview"])

    @property
    def path(self) -> str:
        return f"/api/v1/projects/{self.project['owner']}/{self.project['name']}"

    def at(self, port: int) -> str:
        """The origin of another port."""
        return self.preview.replace("://", f"://{port}--", 1)

    async def seen(self) -> list[dict[str, Any]]:
        """What the application was asked so far."""
        async with self.server.client() as client:
            answer = await ask(client, f"{self.preview}/seen", self.server.token)
        found: list[dict[str, Any]] = json.loads(answer.text)
        return found

    async def call(self, method: str, path: str = "", **body: Any) -> Any:
        """The API below the project, as its owner."""
        async with (
            self.server.client() as client,
            client.request(method, self.path + path, json=body or None) as response,
        ):
            assert response.status < 300, await response.text()
            return await response.json() if response.content_type == "application/json" else None

    async def put(self, path: str, text: str) -> None:
        async with (
            self.server.client() as client,
            client.put(f"{self.path}/files/{path}", data=text.encode()) as response,
        ):
            assert response.status < 300, await response.text()


async def make_witness(server: LiveServer, *, name: str = "", **more: Any) -> Witness:
    """A new project of the bootstrap token's account, up and answering on both ports."""
    async with server.client() as client:
        witness = Witness(
            server, await create_project(client, name or f"witness-{secrets.token_hex(3)}", "static", **more)
        )
        await witness.put("app.py", await asyncio.to_thread(PROGRAM.read_text))
        await witness.put("firefly.yml", MANIFEST)
        for origin in (witness.preview, witness.at(API_PORT)):
            await wait_for_text(client, f"{origin}/ready", server.token, SECRET)
    return witness
