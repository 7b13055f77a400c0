"""What happened on one association, for its one log line and the metrics."""

from dataclasses import dataclass

from isocenter.ingest.statuses import Answer, Status


@dataclass(slots=True)
class Tally:
    """Counts of C-STORE by outcome. An unfinished one ended with its association and was never answered."""

    stored: int = 0
    quarantined: int = 0
    refused: int = 0
    failed: int = 0
    unfinished: int = 0

    def count(self, answer: Answer) -> None:
        """Count an answered C-STORE."""
        if answer.status is Status.SUCCESS:
            self.stored += 1
        elif answer.in_quarantine:
            self.quarantined += 1
        elif answer.status is Status.PROCESSING_FAILURE:
            self.failed += 1
        else:
            self.refused += 1
