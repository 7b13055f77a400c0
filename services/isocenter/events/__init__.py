"""Our facts: journal entries, the catalogue of events, and their envelope. Not how they travel."""
