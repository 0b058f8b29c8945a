"""Who a player, an agent or a member of staff is: logins, sessions, tokens, and their personal data. No HTTP here."""
