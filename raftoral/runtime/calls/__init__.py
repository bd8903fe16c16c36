"""What callers hold: the typed surface over a node (`client`), and the plain one of a group of runs (`plain`)."""
