"""The only readers of what users pass: tables, encoding, labels, S and splits."""
