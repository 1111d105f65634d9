"""Who can take part: the roll, contact points, households and exclusions."""
