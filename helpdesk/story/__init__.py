"""``helpdesk story``: the main job played against a running server through its real entrances."""
