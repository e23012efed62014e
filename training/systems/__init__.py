"""The three published systems: KD-Net, STAR with a Swin teacher, and EfficientFAN, each with its losses.

The formulas are the papers'; the code is this project's own. Where a published constant or form does
harm, it stays the default of the published run files and the change has a name of its own.
"""
