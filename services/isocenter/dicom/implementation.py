"""How this implementation names itself in associations and in File Meta (PS3.7 D.3.3.2, PS3.10 7.1)."""

IMPLEMENTATION_CLASS_UID = "2.25.309439800849579839766788797637110435202"
IMPLEMENTATION_VERSION_NAME = "ISOCENTER_0_1"  # at most 16 characters
