"""The page: its client in TypeScript, and what its demo is given by the device's own program."""
