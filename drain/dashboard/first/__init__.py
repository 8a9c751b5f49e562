"""The first account of a new site, made in the browser."""
