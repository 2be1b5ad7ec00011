"""A run as one document to share: everything a reader needs in a single HTML or Markdown file, nothing fetched."""
