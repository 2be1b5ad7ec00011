"""The package's version, where every room can read it without importing a face."""

__version__ = "0.1.0"
