"""The local stack: an emulated AWS as a child process, and what is deployed into it."""
