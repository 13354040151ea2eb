"""``helpdesk lab``: the engines on anybody's data, without database or server.

One module an instrument, named like it, and loaded when it is asked for: nobody pays for another's libraries.
"""

from helpdesk.late import LateCommands

INSTRUMENTS = {
    "triage": ("helpdesk.commands.lab.triage:triage", "What each message is about, one JSON line each."),
    "forecast": ("helpdesk.commands.lab.forecast:forecast", "What comes next in a series."),
    "lots": ("helpdesk.commands.lab.lots:lots", "Lot sizes of least cost."),
    "dispatch": ("helpdesk.commands.lab.dispatch:dispatch", "Who drives where and when on a day."),
    "jobshop": ("helpdesk.commands.lab.jobshop:jobshop", "Which machine does what when."),
    "classify": (
        "helpdesk.commands.lab.classify:classify",
        "Learns labels from examples and gives them to messages.",
    ),
}
"""Name → module:command, one line for the list."""

lab = LateCommands("lab", INSTRUMENTS, help="Try the engines on data of your own.")
