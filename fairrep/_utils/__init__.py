"""Types, warnings, files and axes, which the rest of the package shares."""
