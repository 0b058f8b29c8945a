"""The agent edge: how agents reach the platform."""
