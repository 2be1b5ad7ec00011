"""What happens next in an experiment loop; the only author of a loop's events."""
