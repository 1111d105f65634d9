"""The values that pass between stages: frozen, without logic, one file per stage that makes them."""
