"""A load that several client processes offer together, since one cannot."""
