"""One fit for every lambda: its range, its figures, the choice, and the picture."""
