"""The smallest honest floor of a writing request: a bare Flask route, one INSERT, one COMMIT.

Same database settings, same SQLAlchemy and the same server with the same threads as the product.

    python -m benchmarks.floor sqlite:////tmp/floor.sqlite3 8123
"""

import sys

from flask import Flask, Response, request
from sqlalchemy import Column, Integer, MetaData, String, Table, Text, create_engine, insert
from waitress import serve

from helpdesk import database
from helpdesk.serve import THREADS


def floor(database_url: str) -> Flask:
    """A one-route app on its own table."""
    metadata = MetaData()
    table = Table(
        "floor_row",
        metadata,
        Column("id", Integer, primary_key=True),
        Column("sid", String(40), unique=True),
        Column("body", Text),
    )
    engine = create_engine(database_url)
    database.configure(engine)
    metadata.create_all(engine)
    app = Flask(__name__)

    @app.post("/floor")
    def _floor() -> Response:
        with engine.begin() as connection:
            connection.execute(insert(table).values(sid=request.form["MessageSid"], body=request.form["Body"]))
        return Response("<Response/>", mimetype="text/xml")

    return app


if __name__ == "__main__":
    serve(floor(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), threads=THREADS, _quiet=True)
