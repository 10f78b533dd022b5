"""The command line and the end-to-end flows, with the example networks and architectures."""
