"""What the client raises: the server's problem, or that there was no answer."""

from collections.abc import Mapping


class ClientError(Exception):
    """A request failed. `detail` is the sentence to show; `problem` the server's document, empty without an answer."""

    def __init__(self, detail: str, *, status: int = 0, problem: Mapping[str, object] | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.status = status
        self.problem = problem or {}

    @property
    def kind(self) -> str:
        """The last part of the problem's type, as in `not-found`; empty without an answer."""
        return str(self.problem.get("type", "")).rpartition(":")[2]
