"""Hooks that Firefly calls: programs and chats are told what becomes of builds and sites.

In goes a notice; out goes a signed request to each hook that wants it, again where it failed, and a row of what came.
"""

from .control import OutgoingHooks
from .listener import HookListener
from .model import Delivery, Event, Flavour, Hook
from .posting import Posting
from .sending import Sending

__all__ = ["Delivery", "Event", "Flavour", "Hook", "HookListener", "OutgoingHooks", "Posting", "Sending"]
