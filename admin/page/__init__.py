"""The site's own page: `solar serve`."""
