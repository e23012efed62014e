"""TouchDesigner: callbacks of an OSC In DAT on port 39539, which fill a table named `shapes`.

Run the daemon with --sink "osc-vmc:127.0.0.1:39539?shapes=arkit". The table has one row a blend shape: its
name, its value.
"""
# ruff: noqa: A002, ANN001, ARG001, F821, N802, N803, PLR0917 - TouchDesigner calls it so, and has `op`

SHAPES = "shapes"


def onReceiveOSC(dat, rowIndex, message, bytes, timeStamp, address, args, peer) -> None:
    """Called for every message of a bundle."""
    table = op(SHAPES)
    if address == "/VMC/Ext/Blend/Val":
        name, value = args
        if table.row(name) is None:
            table.appendRow([name, value])
        else:
            table[name, 1] = value
    elif address == "/VMC/Ext/OK" and not args[-1]:
        table.clear()  # Nobody is there.
