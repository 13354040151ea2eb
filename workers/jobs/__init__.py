"""One module a job: load what the payload names, call one service. ``helpdesk.wakeup.TOPICS`` names them."""
