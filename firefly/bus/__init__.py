"""Small events between parts and replicas."""

from .interface import JSON, MISSED, Bus, Event, Notify, Subscription
from .postgres import PostgresBus

__all__ = ["JSON", "MISSED", "Bus", "Event", "Notify", "PostgresBus", "Subscription"]
