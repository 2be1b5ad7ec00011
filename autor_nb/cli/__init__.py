"""The command-line face: entry point, JSON envelope, exit codes."""
