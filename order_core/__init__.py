"""The regulation of an appliance maker's orders as a library: order pipeline, service and their rules."""
