"""What the device promises to read: the one core shared by device, training and convert.

numpy and the standard library only. Arrows point here: training -> device.contract <- convert.
"""
