"""The visit (service appointment) as a machine: who may move it, from where to where."""

from order_core.kernel.machine import Machine, Transition

OPEN = ("booked", "assigned", "accepted")
UNDER_WAY = ("en_route", "on_site", "working")

VISIT = Machine(
    name="Visit",
    initial="booked",
    may_end=frozenset({"completed", "incomplete", "cancelled"}),
    transitions=(
        Transition("assign", ("booked",), "assigned", ("planner", "dispatcher"), "technician_free", ("5.2.1-c",)),
        Transition(
            "reassign", ("assigned", "accepted"), "assigned", ("planner", "dispatcher"), "technician_free", ("5.2.1-c",)
        ),
        Transition("accept", ("assigned",), "accepted", ("technician",), "", ("5.2.1-c",), True),
        Transition("leave", ("assigned", "accepted"), "en_route", ("technician",), "", ("5.2.2-a",), True),
        Transition("arrive", ("en_route",), "on_site", ("technician",), "", ("5.2.2-a",)),
        Transition("start", ("on_site",), "working", ("technician",), "", ("5.2.2-b",)),
        Transition("complete", ("working",), "completed", ("technician",), "report_complete", ("5.2.2-b", "5.2.2-c")),
        Transition("part_missing", ("on_site", "working"), "incomplete", ("technician",), "reason", ("5.2.1-c",)),
        Transition("no_access", ("en_route", "on_site"), "incomplete", ("technician",), "reason", ("5.2.2-a",)),
        Transition("cancel", OPEN, "cancelled", ("CUS", "dispatcher", "planner"), "reason", ("5.2.1-c",), True),
    ),
)  # fmt: skip
