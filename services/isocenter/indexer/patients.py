"""Whose images these are. A patient is (issuer, id), never the id alone; an empty id is nobody."""

_PADDING = " \0"


def patient_of(issuer: str, patient_id: str, default_issuer: str) -> str:
    """Name the patient as `issuer|id`, empty for nobody: what priors are found by, so case is kept.

    The issuer's own `|` is written `%7C`, so that two patients never get one name.
    """
    patient_id = patient_id.strip(_PADDING)
    if not patient_id:
        return ""
    issuer = issuer.strip(_PADDING) or default_issuer
    return f"{issuer.replace('%', '%25').replace('|', '%7C')}|{patient_id}"


def folded(patient: str) -> str:
    """The patient as compared inside one study, where a difference of case is a typing habit.

    Only for telling whether a study disagrees with itself: equal here never joins two patients.
    """
    return patient.casefold()
