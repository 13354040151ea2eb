"""Channels to the telephone world: SMS and voice, through one gateway that a setting chooses."""
