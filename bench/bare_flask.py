"""The least that a Flask view can do with a delivery: parse the JSON and answer. What gunicorn serves as a peer."""

from __future__ import annotations

from flask import Flask, Response, jsonify, request

app = Flask("bare")


@app.post("/api/v1/alerts")
def alerts() -> Response:
    """Answers how many alerts there were."""
    return jsonify(alerts=len(request.get_json()["alerts"]))
