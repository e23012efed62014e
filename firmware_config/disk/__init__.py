"""Disks and images of disks: partitions, FAT file systems, block maps."""
