"""What the code of every session of an agent finds among its globals.

Swift implements these functions (Sources/DynaSaur/Actions/InitialActions.swift).
"""

def submit_final_answer(answer: object) -> None:
    """End the task with this answer, once the step has run to its end."""

def get_relevant_actions(query: str, limit: int = 10) -> list[str]:
    """Search the library for actions that do what the query says, best first.

    Each line is `name(parameters) -> type: what it does`. Call them by name: nothing need be
    imported.
    """

def install_package(*requirements: str) -> str:
    """Install Python packages, such as 'openpyxl>=3', so that they can be imported."""
