"""The words: templates, rendering, SMS segments and cost."""
