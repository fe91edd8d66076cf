"""The HTTPS API: routes derived from the registry, over the jobs of one tenant at a time."""
