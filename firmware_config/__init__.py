"""What a Raspberry Pi is given: the payload, the customised image, the card, and updates."""
