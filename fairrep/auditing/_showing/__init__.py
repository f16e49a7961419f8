"""Findings become words, pages and pictures here; nothing is measured."""
