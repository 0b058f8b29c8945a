"""The admin edge: the staff console."""
