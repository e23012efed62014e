"""The daemon: one loop from source to sinks, and the service that keeps it running."""
