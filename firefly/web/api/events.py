"""The stream of everything that changes."""

from contextlib import aclosing

from ..events import EVENT_HUB
from ..routing import Answer, Call, Resource
from ..sse import open_stream, send_messages
from ..streams import STREAMS

resource = Resource("Events")


@resource.get(
    "/events",
    "Follow every change of state in what you may see; resumes from `Last-Event-ID`",
    media="text/event-stream",
)
async def follow(call: Call) -> Answer:
    identity = call.require_scope("read")
    last = call.request.headers.get("Last-Event-ID") or call.request.query.get("last_event_id")
    with call.request.config_dict[STREAMS].entered(identity, endless=True):
        stream = await open_stream(call.request)
        async with aclosing(call.request.config_dict[EVENT_HUB].read(identity, last)) as messages:
            await send_messages(stream, messages)
    return stream
