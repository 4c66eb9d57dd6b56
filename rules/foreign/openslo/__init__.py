"""OpenSLO's specifications: `openslo/v1`."""
