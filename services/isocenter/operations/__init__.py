"""What people do with a whole archive, whatever it is kept in: look it over, back it up, restore it."""
