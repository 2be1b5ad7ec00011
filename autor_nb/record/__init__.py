"""What a stage notebook imports: read an attempt, validate it again, show it."""
