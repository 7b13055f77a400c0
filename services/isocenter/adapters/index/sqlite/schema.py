"""The tables of one index generation."""

SCHEMA_VERSION = 7  # in PRAGMA user_version; a file with another one is rebuilt, never migrated

# A study or series row is made when its first instance arrives and shows once its document is written; `visible` of
# an instance is current, not held and not deleted. `moment` is date and time in one
# text, the order of worklists. Documents lie apart, so that walking over a hundred thousand studies touches few pages.
TABLES = """
CREATE TABLE studies (
  id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, visible INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT -1, edit_version INTEGER NOT NULL DEFAULT 0, patient TEXT NOT NULL DEFAULT '',
  instances INTEGER NOT NULL DEFAULT 0, last_change_ms INTEGER NOT NULL DEFAULT 0,
  completed_at TEXT NOT NULL DEFAULT '', revision INTEGER NOT NULL DEFAULT 0,
  complete INTEGER NOT NULL DEFAULT 0, provisional INTEGER NOT NULL DEFAULT 0,
  moment TEXT NOT NULL DEFAULT '', study_date TEXT, study_time TEXT, patient_name TEXT, patient_id TEXT,
  issuer_of_patient_id TEXT, patient_birth_date TEXT, patient_sex TEXT, accession_number TEXT, study_id TEXT,
  study_description TEXT, number_of_study_related_series INTEGER, number_of_study_related_instances INTEGER);
CREATE TABLE study_documents (study INTEGER PRIMARY KEY, answer BLOB NOT NULL, document BLOB NOT NULL);
CREATE INDEX studies_moment ON studies (moment, visible);
CREATE INDEX studies_patient_id ON studies (patient_id, moment);
CREATE INDEX studies_accession_number ON studies (accession_number, moment);
CREATE INDEX studies_patient_name ON studies (patient_name);
CREATE INDEX studies_unsettled ON studies (last_change_ms) WHERE visible = 1 AND complete = 0;

CREATE TABLE names (kind INTEGER NOT NULL, part TEXT NOT NULL, study INTEGER NOT NULL,
  PRIMARY KEY (kind, part, study)) WITHOUT ROWID;
CREATE INDEX names_study ON names (study, kind, part);
CREATE VIRTUAL TABLE study_text USING fts5 (patient_name, referring_physician_name, study_description,
  tokenize = 'trigram case_sensitive 1');

CREATE TABLE study_words (study INTEGER PRIMARY KEY, words TEXT NOT NULL);
CREATE TABLE words (word TEXT NOT NULL, study INTEGER NOT NULL, PRIMARY KEY (word, study)) WITHOUT ROWID;

CREATE TABLE study_modalities (modality TEXT NOT NULL, moment TEXT NOT NULL, study INTEGER NOT NULL,
  PRIMARY KEY (modality, moment, study)) WITHOUT ROWID;
CREATE INDEX study_modalities_study ON study_modalities (study, modality);

CREATE TABLE series (
  id INTEGER PRIMARY KEY, study INTEGER NOT NULL, uid TEXT NOT NULL, visible INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT -1, series_number INTEGER, modality TEXT, series_description TEXT,
  moment TEXT NOT NULL DEFAULT '', series_date TEXT, series_time TEXT, body_part_examined TEXT, laterality TEXT,
  performed_moment TEXT NOT NULL DEFAULT '', performed_date TEXT, performed_time TEXT,
  number_of_series_related_instances INTEGER,
  UNIQUE (study, uid));
CREATE TABLE series_documents (series INTEGER PRIMARY KEY, answer BLOB NOT NULL, document BLOB NOT NULL);
CREATE INDEX series_uid ON series (uid);
CREATE INDEX series_modality ON series (modality, study);

CREATE TABLE requests (tag TEXT NOT NULL, id TEXT NOT NULL, series INTEGER NOT NULL, study INTEGER NOT NULL,
  PRIMARY KEY (tag, id, series)) WITHOUT ROWID;
CREATE INDEX requests_series ON requests (series);

CREATE TABLE instances (
  id INTEGER PRIMARY KEY, series INTEGER NOT NULL, sop TEXT NOT NULL, digest TEXT NOT NULL,
  visible INTEGER NOT NULL, current INTEGER NOT NULL, held INTEGER NOT NULL, deleted INTEGER NOT NULL,
  version INTEGER NOT NULL, node TEXT NOT NULL, first_version INTEGER NOT NULL, sop_class TEXT NOT NULL,
  transfer_syntax TEXT NOT NULL, object_key TEXT NOT NULL, size_bytes INTEGER NOT NULL,
  dataset_offset INTEGER NOT NULL, deflated INTEGER NOT NULL, patient TEXT NOT NULL, instance_number INTEGER,
  number_of_frames INTEGER NOT NULL, edit_version INTEGER NOT NULL, findings TEXT NOT NULL, receipts TEXT NOT NULL,
  pixel_data BLOB NOT NULL, document BLOB NOT NULL,
  UNIQUE (sop, digest));
CREATE INDEX instances_series ON instances (series, visible, instance_number, sop);

CREATE TABLE claims (subject TEXT PRIMARY KEY, owner TEXT NOT NULL, study TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX claims_study ON claims (study);
CREATE TABLE deletions (deletion_id TEXT PRIMARY KEY, study TEXT NOT NULL, series TEXT NOT NULL, sop TEXT NOT NULL,
  version INTEGER NOT NULL, caller TEXT NOT NULL, reason TEXT NOT NULL, purge_after_ms INTEGER NOT NULL,
  state TEXT NOT NULL);
CREATE INDEX deletions_state ON deletions (state, deletion_id);
CREATE INDEX deletions_study ON deletions (study);
CREATE TABLE holds (hold_id TEXT PRIMARY KEY, study TEXT NOT NULL, series TEXT NOT NULL, sop TEXT NOT NULL,
  digest TEXT NOT NULL, receipt_version INTEGER NOT NULL, reason TEXT NOT NULL, standing_study TEXT NOT NULL,
  standing_series TEXT NOT NULL, state TEXT NOT NULL, handled_version INTEGER NOT NULL);
CREATE INDEX holds_state ON holds (state, hold_id);
CREATE TABLE quarantines (digest TEXT PRIMARY KEY, object_key TEXT NOT NULL, size_bytes INTEGER NOT NULL,
  reason TEXT NOT NULL, message TEXT NOT NULL, transfer_syntax TEXT NOT NULL, sop TEXT NOT NULL, study TEXT NOT NULL,
  sender TEXT NOT NULL, version INTEGER NOT NULL, repeats INTEGER NOT NULL, state TEXT NOT NULL);
CREATE INDEX quarantines_state ON quarantines (state, digest);
CREATE TABLE corrections (correction_id TEXT PRIMARY KEY, subject TEXT NOT NULL, study TEXT NOT NULL,
  series TEXT NOT NULL, patient TEXT NOT NULL, action TEXT NOT NULL, attributes TEXT NOT NULL, to_patient TEXT NOT NULL,
  caller TEXT NOT NULL, reason TEXT NOT NULL, version INTEGER NOT NULL, undone_version INTEGER NOT NULL,
  undone_by TEXT NOT NULL, ended_version INTEGER NOT NULL);
CREATE INDEX corrections_subject ON corrections (subject);

CREATE TABLE dirty (study TEXT PRIMARY KEY, since_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX dirty_since ON dirty (since_ms);
CREATE TABLE positions (node TEXT NOT NULL, epoch TEXT NOT NULL, sequence INTEGER NOT NULL,
  PRIMARY KEY (node, epoch)) WITHOUT ROWID;
CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO counters VALUES ('writes', 0), ('studies', 0), ('series', 0), ('instances', 0);
"""


def _counting(table: str) -> str:
    """Keep how many rows of a table are visible: counting five million on every look is too slow."""
    bump = f"UPDATE counters SET value = value {{}} WHERE name = '{table}';"  # noqa: S608 - our own names
    return f"""
CREATE TRIGGER {table}_shown AFTER INSERT ON {table} WHEN new.visible BEGIN {bump.format("+ 1")} END;
CREATE TRIGGER {table}_hidden AFTER DELETE ON {table} WHEN old.visible BEGIN {bump.format("- 1")} END;
CREATE TRIGGER {table}_turned AFTER UPDATE OF visible ON {table} WHEN old.visible <> new.visible
  BEGIN {bump.format("+ new.visible - old.visible")} END;
"""


SCHEMA = (
    "BEGIN IMMEDIATE;"
    + TABLES
    + "".join(map(_counting, ("studies", "series", "instances")))
    + f"PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;"
)
