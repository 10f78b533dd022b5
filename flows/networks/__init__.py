"""Networks that the repository ships, each in a folder beside the flow that trained it."""
