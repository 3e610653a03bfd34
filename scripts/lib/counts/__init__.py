"""What tern does for a packet, counted: the parts of `scripts/counts`."""
