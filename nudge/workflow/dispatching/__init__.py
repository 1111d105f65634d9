"""From launch to the last message sent: gates, limits, harm rules, the ledger questioned."""
