"""The blocks of a trial file as frozen values, one file per subject."""
