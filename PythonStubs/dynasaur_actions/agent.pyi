"""What the agent itself gives the code of a step; Swift implements it (DynaSaur/Actions)."""

def submit_final_answer(answer: object) -> None:
    """End the task with this answer, once the step has run to its end.

    Effects: ends the task.

    Example:
        >>> submit_final_answer(42)
    """

def get_relevant_actions(query: str, limit: int = 10) -> list[str]:
    """Search the library for actions that do what the query says, best first.

    Each line is `name(parameters) -> type: what it does`. Call them by name: nothing need be
    imported.

    Effects: none.

    Example:
        >>> get_relevant_actions("fill colours of the cells of a sheet")
        ['read_cells(path: str, ...) -> list[dict[str, Any]]: Read cells of an Excel sheet ...']
    """
