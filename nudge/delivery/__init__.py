"""The sending: the plan of sends, the ledger's rules, the dispatcher and the channels."""
