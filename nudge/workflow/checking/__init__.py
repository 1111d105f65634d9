"""What is said of a trial file, its words, its roll and this machine before anything is written."""
