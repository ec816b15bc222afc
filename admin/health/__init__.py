"""What is known about a site, and what needs attention."""
