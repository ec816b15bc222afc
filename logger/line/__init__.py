"""The PLI on the wire: the port, the frame, one exchange, when a byte is believed."""
