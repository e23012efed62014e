"""From landmarks to signals: steady points, head pose, expression, blinks, what is covered."""
