"""The shapes of our own HTTP APIs: what travels between our services, and the documented schemas."""
