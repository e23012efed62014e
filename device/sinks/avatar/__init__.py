"""Sinks for avatar programs: OpenSeeFace, VMC, iFacialMocap and Live Link Face."""
