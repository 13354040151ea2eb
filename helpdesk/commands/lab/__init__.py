"""``helpdesk lab``: the engines on anybody's data, without database or server.

One module an instrument, named like it, and loaded when it is asked for: nobody pays for another's libraries.
"""

from helpdesk.late import LateCommands

INSTRUMENTS = {
    "triage": ("helpdesk.commands.lab.triage:triage", "What each message is about, one JSON line each."),
}
"""Name → module:command, one line for the list."""

lab = LateCommands("lab", INSTRUMENTS, help="Try the engines on data of your own.")
