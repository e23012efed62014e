"""Pages and tables written from finished runs."""
