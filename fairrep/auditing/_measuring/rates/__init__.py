"""Figures by group are measured here: rates, gaps, calibration, impact ratios."""
