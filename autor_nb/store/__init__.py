"""Where things lie: log, inbox, lock, layout, objects, templates; the only room that writes a run's own files."""
