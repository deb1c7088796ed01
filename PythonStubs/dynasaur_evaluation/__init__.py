"""What evaluation runs in a session: scorers that need a computer algebra system, readers of data."""
