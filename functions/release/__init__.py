"""Release: a job ended, and the jobs that waited for it are set free or fail."""
