"""What edges do with people: sign-ups, profiles, accounts of staff and agents, and the details of their requests."""
