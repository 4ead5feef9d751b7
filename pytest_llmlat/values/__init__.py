"""The words of the project: frozen values, and the protocols that rooms meet at."""
