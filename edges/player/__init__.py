"""The player edge: how players reach the platform."""
