"""Sources of runs, and the schedules by which the site reads them."""
