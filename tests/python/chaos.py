"""Breaks everything while jobs run, and then counts.

    CHAOS=short|long    how many jobs, and how often each fault (default short)
    CHAOS_FAULTS=a,b    some faults alone

Every accepted job must have ended as it should, every result must exist exactly
once, the outbox must be empty, nothing may be stuck, no object orphaned.
"""

import concurrent.futures
import os
import random
import subprocess
import tempfile
import threading
import time
import unittest
from collections import Counter
from pathlib import Path

import grpc

import footage
import thief
from client import new_id
from meshed import ROOT, Mesh, client_of, query
from serving import wait_for
from sopilot.catalog.v1 import video_pb2

GOLD = video_pb2.VIDEO_ROLE_GOLD
TRAINEE = video_pb2.VIDEO_ROLE_TRAINEE

# (videos, scores, rounds of all faults)
SIZES = {"short": (8, 40, 1), "long": (50, 200, 4)}
LEASE_SECONDS = 2
SETTINGS = [
    f"catalog:catalog.lease={LEASE_SECONDS}s",
    "catalog:catalog.sweep_interval=200ms",
    "catalog:catalog.ring_again=1s",
    "catalog:catalog.retry_base=100ms",
    "catalog:catalog.retry_max=1s",
    # Every fault may cost a job an attempt; here it never runs out.
    "catalog:catalog.max_attempts=100",
    "catalog:catalog.orphan_interval=1s",
    "catalog:catalog.orphan_grace=60s",
]
ALL_SECONDS = 600


class Chaos(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sopilot-chaos-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.size = SIZES[os.environ.get("CHAOS", "short")]
        replicas = {"catalog": 2, "embedding": 2, "alignment": 2, "scoring": 2}
        # A disk that can be filled must be mounted, which not everybody may.
        may = subprocess.run([ROOT / "scripts/servers", "can", "s3-small"], check=False)
        self.s3 = "s3-small" if may.returncode == 0 else "s3"
        self.mesh = self.enterContext(Mesh(replicas, SETTINGS, s3=self.s3))
        self.client = client_of(self.mesh)
        self.accepted = []
        self.told = []

    def test_nothing_is_lost_and_nothing_is_done_twice(self):
        videos, scores, rounds = self.size
        faults = self.chosen_faults()
        golds, trainees = self.bring_in(videos)
        breaking = threading.Event()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            submitting = pool.submit(self.submit, golds, trainees, scores, breaking)
            try:
                for _ in range(rounds):
                    for name, fault in faults:
                        self.break_with(name, fault)
            finally:
                breaking.set()
            submitting.result()
        self.settle()
        self.count(videos)

    # The load.

    def bring_in(self, count):
        """A gold, and trainees whose ingest has only begun."""
        task = self.client.create_task("chaos")
        steps = [("bars", 2), ("life", 2)]
        gold = self.client.upload(task, GOLD, footage.make(self.folder / "gold.mp4", steps))
        trainees = []
        for number in range(count - 1):
            # Each has bytes of its own.
            data = footage.make(self.folder / f"{number}.mp4", steps, quality=23 + number % 20)
            data += b"\0" * 8 + number.to_bytes(8, "big")
            trainees.append(self.client.upload(task, TRAINEE, data))
        return [gold], trainees

    def submit(self, golds, trainees, count, breaking):
        """Submits scores all the time that things break, and at least `count`."""
        number = 0
        while number < count or (not breaking.is_set() and number < 10 * count):
            request_id = new_id()
            trainee = trainees[number % len(trainees)]
            job = self.persist(lambda: self.client.submit(golds, trainee, request_id))
            self.accepted.append(job.id)
            number += 1
            # The whole load is spread over the faults.
            breaking.wait(0.2 if number < count else 0.5)

    def persist(self, call):
        """Calls until it is answered; every call here is idempotent."""
        deadline = time.monotonic() + 120
        while True:
            try:
                return call()
            except grpc.RpcError as error:
                passing = (
                    grpc.StatusCode.UNAVAILABLE,
                    grpc.StatusCode.DEADLINE_EXCEEDED,
                    grpc.StatusCode.RESOURCE_EXHAUSTED,
                    grpc.StatusCode.ABORTED,
                    # A connection that was cut in the middle of an answer.
                    grpc.StatusCode.CANCELLED,
                )
                if error.code() not in passing or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    # The faults.

    def chosen_faults(self):
        faults = {
            "embedding killed": lambda: self.kill_and_start("embedding"),
            "alignment killed": lambda: self.kill_and_start("alignment"),
            "scoring killed": lambda: self.kill_and_start("scoring"),
            "a catalog killed": lambda: self.kill_and_start("catalog", 1),
            "RabbitMQ restarted": lambda: self.restart("stop", "rabbitmq"),
            "PostgreSQL restarted": lambda: self.restart("stop", "postgresql"),
            "PostgreSQL killed": lambda: self.restart("kill", "postgresql"),
            "S3 killed": lambda: self.restart("kill", self.s3),
            "a worker frozen": self.freeze_a_worker,
            "messages lost and doubled": self.lose_and_double_messages,
        }
        if self.s3 == "s3-small":
            faults["the disk of S3 full"] = self.fill_the_disk
        wanted = os.environ.get("CHAOS_FAULTS")
        names = wanted.split(",") if wanted else list(faults)
        return [(name, faults[name]) for name in names]

    def break_with(self, name, fault):
        before, begin = len(self.accepted), time.monotonic()
        fault()
        # Work goes on with the fault behind it before the next one comes.
        ended = self.ended()
        wait_for(lambda: self.ended() > ended or self.all_ended(), 120, f"work goes on after: {name}")
        took = time.monotonic() - begin
        print(f"{name}: {took:.1f} s", flush=True)
        self.told.append((name, len(self.accepted) - before, self.ended() - ended, took))

    def kill_and_start(self, kind, number=None):
        for process in self.mesh.of(kind)[number or 0 : (number or 0) + 1 if number is not None else None]:
            process.kill()
            process.start()
        for process in self.mesh.of(kind):
            process.wait_until_ready()

    def restart(self, how, server):
        self.mesh.servers(how, server)
        self.mesh.servers("start", server)

    def freeze_a_worker(self):
        """Longer than its lease, so that another attempt begins beside it."""
        worker = random.Random(1).choice(self.mesh.of("alignment"))
        worker.freeze()
        time.sleep(2 * LEASE_SECONDS + 1)
        worker.wake()

    def fill_the_disk(self):
        """Until nothing fits, for a while."""
        disk = Path(self.mesh.addresses()["SOPILOT_TEST_S3_SMALL_FOLDER"]).parent
        filler = disk / "filler"
        with filler.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(b"\0" * 65536)
            except OSError:
                pass  # It is full.
        time.sleep(3)
        filler.unlink()

    def lose_and_double_messages(self):
        """One message in ten is taken and thrown away, the others come twice."""
        url = self.mesh.addresses()["SOPILOT_TEST_AMQP_URL"]
        lost, doubled = thief.steal(url, seconds=60, least=30)
        print(f"{lost} messages lost, {doubled} doubled")
        self.assertGreater(min(lost, doubled), 0)

    # The count.

    def jobs(self):
        return [row[0] for row in query(self.mesh, "select state from jobs")]

    def ended(self):
        return sum(state in ("SUCCEEDED", "FAILED", "CANCELLED") for state in self.jobs())

    def all_ended(self):
        jobs = self.jobs()
        return all(state in ("SUCCEEDED", "FAILED", "CANCELLED") for state in jobs)

    def settle(self):
        wait_for(self.all_ended, ALL_SECONDS, "every job has ended", interval=0.5)
        wait_for(
            lambda: query(self.mesh, "select count(*) from outbox") == [["0"]], 60,
            "the outbox is empty",
        )
        # What an attempt left behind that was killed is swept after a minute.
        wait_for(lambda: not self.orphans(), 150, "no object is orphaned", interval=1)

    def orphans(self):
        """Objects that no row refers to, as they lie on the server's disk."""
        bucket = self.bucket()
        columns = [
            *[(column, "videos") for column in
              ("source_key", "embeddings_key", "clips_key", "thumbnails_key", "prepared_key")],
            ("prepared_key", "job_golds"), ("alignment_keys", "jobs"), ("report_key", "scores"),
        ]
        referred = set()
        for column, table in columns:
            # A column may hold several, one a line.
            referred.update(row[0] for row in query(self.mesh, f"select {column} from {table}"))
        files = (str(path.relative_to(bucket)) for path in bucket.rglob("*") if path.is_file())
        # Checksums lie beside what they are of; the server has files of its own.
        return [key for key in files if not key.startswith(("sums/", ".")) and key not in referred]

    def bucket(self):
        name = self.s3.upper().replace("-", "_")
        found = self.mesh.addresses()
        return Path(found[f"SOPILOT_TEST_{name}_FOLDER"]) / found[f"SOPILOT_TEST_{name}_BUCKET"]

    def count(self, videos):
        states = Counter(self.jobs())
        scores = Counter(row[0] for row in query(self.mesh, "select job_id from scores"))
        stuck = query(self.mesh, "select id, state, stage from jobs where state not in ('SUCCEEDED')")
        print("\nfault                        accepted  ended  seconds")
        for name, accepted, ended, took in self.told:
            print(f"{name:28} {accepted:8} {ended:6} {took:8.1f}")
        print(f"{len(self.accepted)} scores accepted, {len(scores)} stored; jobs: {dict(states)}")
        files = [path.stat().st_size for path in self.bucket().rglob("*") if path.is_file()]
        print(f"{len(files)} objects of {sum(files) >> 20} MiB")
        self.assertEqual(stuck, [])
        self.assertEqual(scores, Counter(self.accepted))
        self.assertEqual(states, {"SUCCEEDED": videos + len(self.accepted)})
        for job_id in self.accepted[:: max(1, len(self.accepted) // 20)]:
            self.assertEqual(self.client.report(job_id).report.job_id, job_id)
        for video in self.client.all_videos():
            self.assertEqual(video.state, video_pb2.VIDEO_STATE_READY)
            self.assertEqual(video.gold_version, 1 if video.role == GOLD else 0)


if __name__ == "__main__":
    unittest.main()
