"""The device's test of itself: does the model still say what it said, and as fast as it did?"""
