"""What our lab adds to pytest-llmlat."""
