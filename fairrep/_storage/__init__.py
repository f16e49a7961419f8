"""Values as JSON, a folder that is whole or not there, and what skops may load."""
