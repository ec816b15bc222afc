"""uploader.db: done ranges of ids, dead letters, traffic, batch size, the state of the upload."""
