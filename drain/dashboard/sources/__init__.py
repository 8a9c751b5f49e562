"""Where runs come from, and when the site reads them by itself."""
