"""What differs per kind of workload: one file per kind, behind one interface (`kind.py`)."""
