"""That there is no engine; in a module of its own, for who has nothing to do with Temporal but this."""


class EngineUnavailable(Exception):
    """Temporal cannot be reached: what was sent has not been taken."""
