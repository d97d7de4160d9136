"""Other people's parsers, in one shape: how llhttp, h11 and aiohttp read the same bytes."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from unittest.mock import Mock

import h11
import httptools
from aiohttp import http_exceptions, http_parser, streams

LARGE = 1 << 22
Lines = tuple[tuple[bytes, bytes], ...]


class Refused(Exception):
    """The parser does not take these bytes."""


@dataclass(frozen=True)
class Message:
    """One whole message; for an answer `method` is empty and `target` its status."""

    method: bytes
    target: bytes
    fields: Lines
    body: bytes

    @property
    def host(self) -> bytes:
        return dict(self.fields).get(b"host", b"")


Reader = Callable[[bytes], Sequence[Message]]


def _lines(fields: Sequence[tuple[bytes, bytes]]) -> Lines:
    """Names in small letters, and the one value that h11 puts in small letters too."""
    plain = ((name.lower(), value.strip(b" \t")) for name, value in fields)
    return tuple((name, value.lower() if name == b"transfer-encoding" else value) for name, value in plain)


class _Llhttp:
    """What httptools calls back."""

    def __init__(self) -> None:
        self.whole: list[Message] = []
        self.parser: httptools.HttpRequestParser | httptools.HttpResponseParser

    def on_message_begin(self) -> None:
        self.target, self.body, self.done = b"", b"", False
        self.fields: list[tuple[bytes, bytes]] = []

    def on_url(self, url: bytes) -> None:
        self.target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        # Trailers come here too.
        if not self.done:
            self.fields.append((name, value))

    def on_headers_complete(self) -> None:
        self.done = True

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        parser = self.parser
        if isinstance(parser, httptools.HttpRequestParser):
            method, target = parser.get_method(), self.target
        else:
            method, target = b"", b"%d" % parser.get_status_code()
        self.whole.append(Message(method, target, _lines(self.fields), self.body))


def by_llhttp(data: bytes) -> list[Message]:
    """Whole requests that llhttp finds."""
    seen = _Llhttp()
    seen.parser = httptools.HttpRequestParser(seen)
    try:
        seen.parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        return seen.whole
    except httptools.HttpParserError as error:
        raise Refused(f"llhttp: {error}") from None
    return seen.whole


def answers_by_llhttp(data: bytes) -> list[Message]:
    """Whole answers, to requests of which none was a HEAD."""
    seen = _Llhttp()
    seen.parser = httptools.HttpResponseParser(seen)
    try:
        seen.parser.feed_data(data)
    except httptools.HttpParserUpgrade:
        return seen.whole
    except httptools.HttpParserError as error:
        raise Refused(f"llhttp: {error}") from None
    return seen.whole


def by_h11(data: bytes) -> list[Message]:
    """Whole requests that h11 finds."""
    whole: list[Message] = []
    while data:
        peer = h11.Connection(h11.SERVER, max_incomplete_event_size=LARGE)
        peer.receive_data(data)
        message = _next_by_h11(peer)
        if message is None:
            return whole
        whole.append(message)
        data = peer.trailing_data[0]
    return whole


def answers_by_h11(data: bytes) -> list[Message]:
    """Whole answers, interim ones included; the last may be ended by the connection."""
    peer = h11.Connection(h11.CLIENT, max_incomplete_event_size=LARGE)
    peer.send(h11.Request(method="GET", target="/", headers=[("Host", "a")]))
    peer.send(h11.EndOfMessage())
    peer.receive_data(data)
    whole: list[Message] = []
    while (message := _next_by_h11(peer)) is not None:
        whole.append(message)
        if not message.target.startswith(b"1"):
            break
    return whole


def _next_by_h11(peer: h11.Connection) -> Message | None:
    head: h11.Request | h11.Response | h11.InformationalResponse | None = None
    body = b""
    while True:
        try:
            event = peer.next_event()
        except h11.RemoteProtocolError as error:
            raise Refused(f"h11: {error}") from None
        if isinstance(event, h11.InformationalResponse):
            return Message(b"", b"%d" % event.status_code, _lines(list(event.headers)), b"")
        if isinstance(event, h11.Request | h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            fields = _lines(list(head.headers))
            if isinstance(head, h11.Request):
                return Message(head.method, head.target, fields, body)
            return Message(b"", b"%d" % head.status_code, fields, body)
        else:
            return None


def by_aiohttp(data: bytes) -> list[Message]:
    """Whole requests that aiohttp's own parser finds: the one in Python, since the other is llhttp again."""
    loop = Mock(spec=asyncio.AbstractEventLoop)
    protocol = Mock(_reading_paused=False)
    parser = http_parser.HttpRequestParserPy(
        protocol, loop, LARGE, max_line_size=LARGE, max_field_size=LARGE, max_headers=LARGE, auto_decompress=False
    )
    try:
        found, _, _ = parser.feed_data(data)
    except (http_exceptions.HttpProcessingError, ValueError) as error:
        raise Refused(f"aiohttp: {error!r}") from None
    return [
        Message(head.method.encode(), head.path.encode("utf-8", "surrogateescape"), _lines(head.raw_headers), body)
        for head, payload in found
        if (body := _body(payload)) is not None
    ]


def answers_by_aiohttp(data: bytes) -> list[Message]:
    """Whole answers that aiohttp's parser in Python finds."""
    parser = http_parser.HttpResponseParserPy(
        Mock(_reading_paused=False),
        Mock(spec=asyncio.AbstractEventLoop),
        LARGE,
        max_line_size=LARGE,
        max_field_size=LARGE,
        max_headers=LARGE,
        auto_decompress=False,
    )
    try:
        found, _, _ = parser.feed_data(data)
    except (http_exceptions.HttpProcessingError, ValueError) as error:
        raise Refused(f"aiohttp: {error!r}") from None
    return [
        Message(b"", b"%d" % head.code, _lines(head.raw_headers), body)
        for head, payload in found
        if (body := _body(payload)) is not None
    ]


def _body(payload: streams.StreamReader) -> bytes | None:
    if payload.exception() is not None:
        raise Refused(f"aiohttp: {payload.exception()!r}")
    return b"".join(getattr(payload, "_buffer", ())) if payload.is_eof() else None


READERS: dict[str, Reader] = {"llhttp": by_llhttp, "h11": by_h11, "aiohttp": by_aiohttp}
ANSWER_READERS: dict[str, Reader] = {"llhttp": answers_by_llhttp, "h11": answers_by_h11, "aiohttp": answers_by_aiohttp}
