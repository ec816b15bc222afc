"""The file between the logger and the uploader; imports neither of them."""
