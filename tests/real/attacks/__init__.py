"""The attack table: `table` says what is tried, the modules beside it try it, `undo` takes the defences away."""
