"""What a trial is: the file, its problems, its lock, and the records that pass between stages."""
