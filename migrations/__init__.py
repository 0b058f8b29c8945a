"""The database schema: numbered SQL files, forward only, applied by edges.migrations."""
