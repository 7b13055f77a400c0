"""All services on one machine, under one supervisor."""
