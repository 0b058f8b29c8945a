"""Callbacks of game providers: one file per protocol, and the app that routes them. No money rule lives here."""
