"""Serves folders of pages: the rules that sites rely on, the same in a workspace's preview and for what was built."""

from .finding import Opened, Source
from .folder import answer, headers
from .notes import missing_page, page
from .responses import is_fresh, send_file
from .types import content_type

__all__ = ["Opened", "Source", "answer", "content_type", "headers", "is_fresh", "missing_page", "page", "send_file"]
