"""The edge towards Alertmanager's API: which alerts are active there, and what a person has silenced."""
