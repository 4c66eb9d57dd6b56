"""Our rules beside those that sloth makes of the same specifications."""
