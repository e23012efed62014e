"""Where frames come from: cameras, files, pipes."""
