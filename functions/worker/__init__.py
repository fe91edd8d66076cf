"""The worker: takes a job from its queue, runs it in a child process, stores what came out."""
