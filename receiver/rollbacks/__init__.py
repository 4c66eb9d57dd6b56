"""The life of a Rollback: claimed, undone, watched. The judgement itself is receiver/decision/."""
