"""Nets are built of a spec, trained on a problem, and kept with what a fit found."""
