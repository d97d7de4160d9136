"""The front door in processes of its own: started and fed by the server, which alone has database and sandboxes."""

from .crew import Crew

__all__ = ["Crew"]
