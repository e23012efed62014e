"""How well are faces followed? Made sequences whose motion is known, and figures of a tracker on them."""
