"""What a training run consists of, and the loop that runs it."""
