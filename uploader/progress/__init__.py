"""uploader.db: done ranges of ids, dead letters, traffic."""
