"""The web: JSON API and the clock; the console, pages for families and callbacks have their places here."""
