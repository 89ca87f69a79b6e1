"""The clients that people have already: each shows, edits, lists and walks as on a stock Glance."""
