"""The sink `mqtt:`: frames, events and availability through a broker."""
