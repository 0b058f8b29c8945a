"""Parity: recorded exchanges with a legacy server, replayed against an edge of ours and compared by declared rules."""
