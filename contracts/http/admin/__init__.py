"""Schemas of the admin edge, one file per topic."""
