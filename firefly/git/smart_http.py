"""git's smart HTTP protocol for hosted repositories, free of any web framework."""

from collections.abc import AsyncGenerator, AsyncIterator
from uuid import UUID

from .model import Service


class SmartHTTP:
    """The caller has authenticated and authorised already: UPLOAD_PACK needs Action.FETCH, RECEIVE_PACK Action.PUSH.

    Content types: `application/x-<service>-advertisement` for advertise, `application/x-<service>-result` for serve.
    Use both streams under `contextlib.aclosing`: closing one early ends its git process.
    """

    async def advertise(self, project_id: UUID, service: Service, *, protocol: str = "") -> AsyncGenerator[bytes, None]:
        """Answer `GET info/refs?service=…`. `protocol` is the Git-Protocol field. Raises NotFound, Unavailable."""
        raise NotImplementedError

    async def serve(
        self,
        project_id: UUID,
        service: Service,
        body: AsyncIterator[bytes],
        *,
        protocol: str = "",
        pusher_id: UUID | None = None,
    ) -> AsyncGenerator[bytes, None]:
        """Answer `POST git-upload-pack` and `POST git-receive-pack`; `body` is already gunzipped.

        A push is in PostgreSQL before the answer ends. Raises InvalidInput, TooLarge, NotFound, Unavailable
        before the first byte; later failures are told to the client by sideband.
        """
        raise NotImplementedError
