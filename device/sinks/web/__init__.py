"""The sink `web:`: the stream as a WebSocket, the page that shows it, and who may see it."""
