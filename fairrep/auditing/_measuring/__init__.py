"""From models and rows to findings: what an audit measures, as plain data."""
