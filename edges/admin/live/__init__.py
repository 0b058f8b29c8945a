"""The numbers of the day, pushed to staff: what is collected, what is remembered of it, and who watches."""
