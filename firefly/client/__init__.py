"""Typed asyncio clients of the API and of the bridge."""
