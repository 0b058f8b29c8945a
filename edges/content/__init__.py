"""What a brand shows its players and writes to them: rows and queries, for the edges of players and of staff.

Whoever adds something names its id (derived from the write's key), so that adding it again changes nothing.
"""
