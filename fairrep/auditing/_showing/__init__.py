"""From findings to words, pages and pictures; nothing is measured here."""
