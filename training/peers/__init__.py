"""The shipped models beside other face landmark programs, measured alike."""
