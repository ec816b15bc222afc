"""What keeps a site: backups in a second place, restoring, updating, and the services meanwhile."""
