"""The read side: the feed of every log, the runner, the outbox, and one file per question asked of the log."""
