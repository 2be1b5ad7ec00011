"""Every verb once: the click command tree that the magic, the command line and the tests share."""
