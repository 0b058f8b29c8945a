"""What the edges of our own APIs have in common: who calls, for which brand, once only, and how answers look."""
