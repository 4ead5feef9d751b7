"""Six families of tasks: run them, copy them, set your own limits."""
