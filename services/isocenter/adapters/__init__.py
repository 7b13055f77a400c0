"""How the ports are fulfilled, chosen by URL."""
