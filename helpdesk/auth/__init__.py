"""Who is at the door: accounts, sign-in sessions, API tokens, permissions."""
