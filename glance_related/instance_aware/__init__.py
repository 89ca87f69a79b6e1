"""Images know the instance they came from."""
