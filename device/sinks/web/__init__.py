"""The stream for browsers: a WebSocket, the page that shows it, and who may look."""
