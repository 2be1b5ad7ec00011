"""What happens next: the only author of events."""
