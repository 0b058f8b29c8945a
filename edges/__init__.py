"""Every way in and out of Tongbo: HTTP, command line, timers, start-up. No business rule lives here."""
