"""Choose, send, move on; what to do with a refusal; waiting."""
