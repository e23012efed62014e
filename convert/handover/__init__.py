"""What comes into the chain, read and checked before any work is done on it."""
