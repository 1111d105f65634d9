"""Groups of verbs: the one place where stages meet each other, the store and the channels."""
