"""What training hands to conversion and to the device."""
