"""The instrument: a server that logs its own writes, on which our clock is tried."""
