"""The attack table of system 2: as the one beside it, with a Nova and a Glance that override image properties."""
