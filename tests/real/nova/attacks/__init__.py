"""The attack table of Nova's side: `table` says what is tried, the modules beside it try it, `undo` disarms."""
