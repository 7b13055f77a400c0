"""What the platform needs from the outside, as protocols with their promises."""
