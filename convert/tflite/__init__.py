"""The .tflite format: what a file holds, and running it."""
