"""The write side: aggregates, the single writer of each brand's log, the event store, and how others reach it."""
