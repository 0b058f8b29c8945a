"""What can go wrong with a server that we run ourselves."""


class EmbeddedServerError(RuntimeError):
    """A server could not be started or stopped; the message carries the last lines of its log."""
