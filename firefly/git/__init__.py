"""git on the server: hosted bare repositories, and only those; never a workspace."""

from .gateway import Gateway
from .model import PushListener, PushRecorded, RefChange, Service
from .smart_http import SmartHTTP

__all__ = ["Gateway", "PushListener", "PushRecorded", "RefChange", "Service", "SmartHTTP"]
