"""kill -9 in the middle, several times: nothing is lost, nothing is done twice."""

import tempfile
import unittest
from collections import Counter
from pathlib import Path

import footage
from client import CHUNK, ENDED, Client, new_id, part_of_upload
from serving import Serving, wait_for
from sopilot.catalog.v1 import job_pb2, video_pb2

GOLD = video_pb2.VIDEO_ROLE_GOLD
TRAINEE = video_pb2.VIDEO_ROLE_TRAINEE
TRAINEES = 5
ALL_SECONDS = 180

# Each is an instant at which the process is killed: the first look at all
# jobs for which it is true. Once true it stays true, so that none is missed.
INSTANTS = [
    ("an ingest runs", lambda jobs: running(jobs) > 0 or ended(jobs) > 0),
    ("an ingest reports progress", lambda jobs: progress(jobs) > 0 or ended(jobs) > 0),
    *[(f"{count} jobs have ended", lambda jobs, count=count: ended(jobs) >= count) for count in range(1, 11, 2)],
]
SETTINGS = [
    # Progress is reported three times in each lease.
    "catalog.lease=1s",
    # Every kill costs the job that runs one attempt; here it never runs out.
    "catalog.max_attempts=100",
]


class KillAndRestart(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sopilot-kill-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        # The second process needs no lease to run out: it holds the data
        # alone and takes all leases back at its start.
        self.server = Serving(self.folder, SETTINGS)
        self.addCleanup(self.server.stop)

    def test_every_job_ends_and_every_score_exists_once(self):
        client = self.restart()
        accepted = self.submit_all(client)
        for what, instant in INSTANTS:
            with self.subTest(what):
                self.wait_for_jobs(client, what, instant)
                client = self.kill_and_restart()
        self.wait_for_jobs(client, "every job has ended", lambda jobs: ended(jobs) == len(jobs))
        self.assert_each_once(client, accepted)
        # Another start finds nothing left to do.
        client = self.kill_and_restart()
        self.assert_each_once(client, accepted)

    def test_a_killed_upload_goes_on(self):
        client = self.restart()
        data = footage.make(
            self.folder / "large.mp4", [("rain", 8)], "noise=alls=40:allf=t", quality=4
        )
        task = client.create_task("interrupted")
        request_id = new_id()
        upload = client.start_upload(task, TRAINEE, data, request_id)
        with part_of_upload(client, upload.id, data, 5 * CHUNK):
            wait_for(lambda: self.committed(client, upload.id) > 0, 30, "bytes are kept")
            self.server.kill()
        client = self.restart()
        again = client.start_upload(task, TRAINEE, data, request_id)
        self.assertEqual(again.id, upload.id)
        self.assertGreaterEqual(again.committed_bytes, 4 * CHUNK)
        video = client.send(upload.id, data, again.committed_bytes).video
        last = client.watch(video.ingest_job_id)[-1]
        self.assertEqual(last.state, job_pb2.JOB_STATE_SUCCEEDED, last)

    def restart(self):
        self.server.start()
        return Client(self.server.channel)

    def kill_and_restart(self):
        children = self.server.kill()
        for child in children:
            wait_for(lambda: not alive(child), 10, f"the decoder {child} is gone with its owner")
        return self.restart()

    def submit_all(self, client):
        """Six ingests and five scores that wait for them; answers the scores' jobs."""
        task = client.create_task("kill and restart")
        steps = [("bars", 8), ("fractal", 8), ("life", 8), ("waves", 8)]
        gold = client.upload(task, GOLD, footage.make(self.folder / "gold.mp4", steps))
        jobs = []
        for number in range(TRAINEES):
            shown = [step for index, step in enumerate(steps) if index != number % len(steps)]
            data = footage.make(self.folder / f"trainee-{number}.mp4", shown)
            trainee = client.upload(task, TRAINEE, data)
            request_id = new_id()
            job = client.submit([gold], trainee, request_id)
            self.assertEqual(client.submit([gold], trainee, request_id).id, job.id)
            jobs.append(job.id)
        return jobs

    def wait_for_jobs(self, client, what, condition):
        wait_for(lambda: condition(client.all_jobs()), ALL_SECONDS, what, interval=0.02)

    def assert_each_once(self, client, accepted):
        jobs = client.all_jobs()
        states = Counter(job_pb2.JobState.Name(job.state) for job in jobs)
        self.assertEqual(states, {"JOB_STATE_SUCCEEDED": TRAINEES + 1 + TRAINEES}, self.server.said())
        scores = Counter(score.job_id for score in client.all_scores())
        self.assertEqual(scores, Counter(accepted))
        for job_id in accepted:
            self.assertEqual(client.report(job_id).report.job_id, job_id)
        for video in client.all_videos():
            self.assertEqual(video.state, video_pb2.VIDEO_STATE_READY)
            # Prepared once, however often it was begun.
            self.assertEqual(video.gold_version, 1 if video.role == GOLD else 0)

    def committed(self, client, upload_id):
        request = video_pb2.GetUploadRequest(upload_id=upload_id)
        return client.videos.GetUpload(request, timeout=10).upload.committed_bytes


def running(jobs):
    return sum(job.state == job_pb2.JOB_STATE_RUNNING for job in jobs)


def ended(jobs):
    return sum(job.state in ENDED for job in jobs)


def progress(jobs):
    """The furthest of the jobs that have not ended."""
    return max((job.progress for job in jobs if job.state not in ENDED), default=0)


def alive(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


if __name__ == "__main__":
    unittest.main()
