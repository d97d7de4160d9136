"""Small events between parts and replicas."""

from .interface import JSON, MISSED, Bus, Event, Subscription
from .postgres import PostgresBus

__all__ = ["JSON", "MISSED", "Bus", "Event", "PostgresBus", "Subscription"]
