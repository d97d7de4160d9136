"""Hooks that Firefly calls: programs and chats are told what becomes of builds and sites."""

from .control import OutgoingHooks
from .listener import HookListener
from .model import Delivery, Event, Flavour, Hook
from .posting import Posting
from .sending import Sending

__all__ = ["Delivery", "Event", "Flavour", "Hook", "HookListener", "OutgoingHooks", "Posting", "Sending"]
