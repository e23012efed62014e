"""What is wrong here? One named finding a line, each with what to do about it."""
