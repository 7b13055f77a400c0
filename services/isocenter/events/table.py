"""The event table of the README, made from the catalogue."""

from isocenter.events.catalog import DAY_S, FACTS, Fact

HEAD = ("fact", "says", "hear", "kept", "meaning")


def markdown_table() -> str:
    """All facts in the catalogue's order; ends with a newline."""
    rows = [HEAD, tuple("---" for _ in HEAD), *map(_row, FACTS)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(fact: Fact) -> tuple[str, ...]:
    hear = ", ".join(fact.consumers) or "nobody yet"
    return f"`{fact.name}`", fact.producer, hear, f"{fact.keep_s // DAY_S} days", fact.meaning
