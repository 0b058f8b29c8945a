"""The internal edge: how our own processes reach the ledger, in the process of its writers."""
