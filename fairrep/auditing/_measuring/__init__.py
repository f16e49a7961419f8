"""Models and rows become findings here: what an audit measures, as plain data."""
