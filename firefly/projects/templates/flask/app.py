import os
import sys
from datetime import UTC, datetime

from flask import Flask, jsonify, render_template

app = Flask(__name__)


@app.get("/")
def index():
    return render_template("index.html", python=sys.version.split()[0])


@app.get("/api/time")
def time():
    return jsonify(time=datetime.now(UTC).isoformat())


if __name__ == "__main__":
    app.run(host=os.environ.get("HOST", "127.0.0.1"), port=int(os.environ.get("PORT", "3000")))
