"""Racing of settings: from a space of them to the best, and to how sure that is."""
