"""Names of several processes in one setting."""

from typing import Annotated

from pydantic import StringConstraints

Nodes = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,26}(,[a-z0-9-]{1,26})*$")]
"""With commas between."""


def names_in(nodes: Nodes) -> list[str]:
    """Each of them."""
    return nodes.split(",")
