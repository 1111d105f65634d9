"""A stand-in provider on loopback: answers as Twilio and GOV.UK Notify publish, keeps its own ledger, fails on purpose.

It shares nothing with the ledger it is there to be compared with. Started by tests, and by
hand with `nudge provider` for rehearsals.
"""
