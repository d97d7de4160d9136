"""Limits and usage."""

from .limits import Quotas

__all__ = ["Quotas"]
