"""One story for each system, under its name: `play(stage)` tells it and raises Surprise where it goes otherwise."""
