"""The shared language: money, ids, commands, events, receipts and refusals. Pure; imports nothing of ours outside."""
