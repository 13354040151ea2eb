"""The agents' console: ticket list, ticket page, replies, notes and steps."""
