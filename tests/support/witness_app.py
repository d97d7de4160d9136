"""What the witness of `tests.support.witness` runs in its sandbox; nothing but the standard library.

It answers on $PORT, on 8081, and on whatever `/listen?port=` names, and tells at `/seen` what it was asked.
"""

import asyncio
import base64
import hashlib
import json
import os
from functools import partial

SECRET = "only for whoever may see it"
PICTURE = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
WORKER = """
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', event => event.waitUntil(clients.claim()));
self.addEventListener('fetch', event => {
  const url = event.request.url;
  event.waitUntil(caches.open('seen').then(cache => cache.put('/seen-' + encodeURIComponent(url), new Response(url))));
  if (event.request.mode === 'navigate' && url.endsWith('/worked'))
    event.respondWith(new Response('<h1>the worker</h1>', {headers: {'Content-Type': 'text/html'}}));
});
"""
PAGE = f"<!doctype html><title>witness</title><h1>{SECRET}</h1><iframe hidden></iframe>"
KINDS = {
    "/secret.js": ("text/javascript", f"window.stolen = {SECRET!r}".encode(), []),
    "/secret.gif": ("image/gif", PICTURE, []),
    "/sw.js": ("text/javascript", WORKER.encode(), []),
    "/set": (
        "text/html",
        PAGE.encode(),
        [
            "Set-Cookie: wide=1; Domain=preview.localhost; Path=/",
            "Set-Cookie: own=1; Path=/; HttpOnly",
            "Set-Cookie: __Host-firefly-grant=forged; Path=/; Secure; SameSite=None; Partitioned",
        ],
    ),
    "/clear": ("text/html", PAGE.encode(), ['Clear-Site-Data: "cookies", "storage"']),
    "/framed": (
        "text/html",
        PAGE.encode(),
        ["X-Frame-Options: DENY", "Content-Security-Policy: frame-ancestors 'none'"],
    ),
}

seen: list[dict[str, object]] = []


async def respond(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    method, target, _ = head[0].split(" ")
    fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    body = await reader.readexactly(int(fields.get("content-length", 0)))
    path = target.partition("?")[0]
    if path != "/seen":
        cookie, host = fields.get("cookie", ""), fields.get("host", "")
        asked = {"port": port, "method": method, "path": target, "host": host, "cookie": cookie, "body": body.decode()}
        seen.append(asked)
    if "upgrade" in fields:
        writer.write(_switch(fields["sec-websocket-key"]))
        await echo(reader, writer)
        return
    if path == "/listen":
        await listen(int(target.partition("=")[2]))
    kind, text, more = KINDS.get(path, ("text/html", PAGE.encode(), []))
    if path in ("/api", "/seen"):
        kind, text = (
            "application/json",
            json.dumps(seen if path == "/seen" else {"port": port, "secret": SECRET}).encode(),
        )
    if path == "/api" and "origin" in fields:
        more = [
            f"Access-Control-Allow-Origin: {fields['origin']}",
            "Access-Control-Allow-Credentials: true",
            "Access-Control-Allow-Headers: content-type",
        ]
    lines = ["HTTP/1.1 200 OK", f"Content-Type: {kind}", f"Content-Length: {len(text)}", *more, "", ""]
    writer.write("\r\n".join(lines).encode() + text)


def _switch(key: str) -> bytes:
    digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode()).digest()
    lines = (
        "HTTP/1.1 101 Switching Protocols",
        "Connection: Upgrade",
        "Upgrade: websocket",
        f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}",
        "",
        "",
    )
    return "\r\n".join(lines).encode()


async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Short messages alone."""
    while True:
        first, second = await reader.readexactly(2)
        mask = await reader.readexactly(4)
        text = bytes(byte ^ mask[at % 4] for at, byte in enumerate(await reader.readexactly(second & 127)))
        if first & 15 == 8:
            return
        writer.write(bytes([0x81, len(text) + 5]) + b"echo " + text)


async def serve(port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await respond(port, reader, writer)
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError, ValueError):
        pass
    finally:
        writer.close()


async def listen(port: int) -> None:
    await asyncio.start_server(partial(serve, port), "127.0.0.1", port)


async def main() -> None:
    await listen(8081)
    await listen(int(os.environ["PORT"]))
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
