"""Our own clock put to the test: a server that logs when it wrote each token."""
