"""GET /api/v1/jobs/{id} on a SQLite file, as the earlier Python system had it.

load-tests/get-job serves it. JOBS_DATABASE names the file, which is made anew
with 200 jobs, whose ids are the UUIDs of 0 to 199.
"""

import os
import sqlite3
import time
import uuid
from contextlib import asynccontextmanager, closing
from pathlib import Path

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

DATABASE = Path(os.environ["JOBS_DATABASE"])
JOBS = 200


class Job(BaseModel):
    id: str
    kind: str
    state: str
    stage: str
    attempt: int
    progress: float
    task_id: str
    video_id: str
    waiting_for_videos: bool
    # Milliseconds since 1970.
    created_at: int
    updated_at: int


@asynccontextmanager
async def filled(_app):
    DATABASE.unlink(missing_ok=True)
    now = time.time_ns() // 1_000_000
    with closing(sqlite3.connect(DATABASE)) as database, database:
        database.execute(
            "CREATE TABLE jobs (id TEXT PRIMARY KEY, attempt INTEGER NOT NULL,"
            " progress REAL NOT NULL, task_id TEXT NOT NULL, video_id TEXT NOT NULL,"
            " waiting INTEGER NOT NULL, created_at INTEGER NOT NULL,"
            " updated_at INTEGER NOT NULL)"
        )
        task = str(uuid.uuid4())
        database.executemany(
            "INSERT INTO jobs VALUES (?, 1, 0.0, ?, ?, 0, ?, ?)",
            [
                (str(uuid.UUID(int=number)), task, str(uuid.uuid4()), now, now)
                for number in range(JOBS)
            ],
        )
    yield


app = FastAPI(lifespan=filled)


# Not `async`: FastAPI runs it on a thread, as a blocking database asks for.
@app.get("/api/v1/jobs/{job_id}")
def get_job(job_id: uuid.UUID) -> Job:
    with closing(sqlite3.connect(DATABASE)) as database:
        row = database.execute(
            "SELECT id, attempt, progress, task_id, video_id, waiting, created_at, updated_at"
            " FROM jobs WHERE id = ?",
            (str(job_id),),
        ).fetchone()
    if row is None:
        raise HTTPException(status_code=404, detail="no such job")
    # What the bare service of get_job.rs looks up, and what it takes as given.
    return Job(
        id=row[0],
        kind="INGEST",
        state="QUEUED",
        stage="EMBED",
        attempt=row[1],
        progress=row[2],
        task_id=row[3],
        video_id=row[4],
        waiting_for_videos=row[5],
        created_at=row[6],
        updated_at=row[7],
    )
