"""Many callers at once: uploads, then scores, more than the catalog takes.

    BURST=short|long    how many (default short)

Who is turned away is told when to come back, comes back, and is served; every
accepted job ends well; memory stays bounded.
"""

import concurrent.futures
import os
import tempfile
import threading
import time
import unittest
from collections import Counter
from pathlib import Path

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

import footage
from client import Client, new_id
from meshed import Mesh, query
from serving import wait_for
from sopilot.catalog.v1 import job_pb2, video_pb2

# (uploads at once, bytes of each, uploads that the catalog takes at once; scores at once,
# calls that it takes at once; memory that no process may exceed). All uploads together are
# larger than the memory.
SIZES = {
    "short": (30, 16 << 20, 10, 100, 50, 360 << 20),
    "long": (100, 16 << 20, 64, 500, 256, 800 << 20),
}
PATIENCE = 600


class Burst(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sopilot-burst-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.size = SIZES[os.environ.get("BURST", "short")]
        settings = [
            f"catalog:catalog.max_uploads={self.size[2]}",
            f"catalog:server.max_concurrent_calls={self.size[4]}",
        ]
        self.mesh = self.enterContext(Mesh(settings=settings))
        # Nothing is tried again unseen.
        options = [("grpc.enable_retries", 0)]
        address = self.mesh.of("catalog")[0].address
        self.client = Client(grpc.insecure_channel(address, options=options))
        self.lock = threading.Lock()
        self.refusals = Counter()

    def test_all_are_served_in_the_end(self):
        uploads, size, _, scores, _, most_memory = self.size
        self.assertGreater(uploads * size, most_memory)
        task = self.client.create_task("burst")
        steps = [("bars", 2), ("life", 2)]
        video = footage.make(self.folder / "video.mp4", steps)
        gold = self.client.upload(task, video_pb2.VIDEO_ROLE_GOLD, video)

        def bring_in(number):
            data = padded(video, number, size)
            request_id = new_id()
            upload = lambda: self.client.upload(task, video_pb2.VIDEO_ROLE_TRAINEE, data, request_id)
            return self.persist("upload", upload)

        begin = time.monotonic()
        trainees = at_once(bring_in, range(uploads))
        brought = time.monotonic()

        def score(number):
            trainee, request_id = trainees[number % uploads], new_id()
            submit = lambda: self.client.submit([gold], trainee, request_id)
            job = self.persist("submit", submit)
            return self.persist("watch", lambda: self.client.watch(job.id))[-1]

        jobs = at_once(score, range(scores))
        ended = time.monotonic()
        peaks = {process.kind: peak_memory(process.child.pid) for process in self.mesh.processes}
        print(f"\n{uploads} uploads of {size >> 20} MiB at once: {brought - begin:.1f} s")
        print(f"{scores} scores at once, watched to their ends: {ended - brought:.1f} s")
        print(f"turned away and served later: {dict(self.refusals)}")
        for kind, peak in peaks.items():
            print(f"peak memory of {kind:10} {peak >> 20:5} MiB")

        self.assertEqual(Counter(job.state for job in jobs), {job_pb2.JOB_STATE_SUCCEEDED: scores})
        self.assertEqual(len({job.id for job in jobs}), scores)
        stored = Counter(row[0] for row in query(self.mesh, "select job_id from scores"))
        self.assertEqual(stored, Counter(job.id for job in jobs))
        wait_for(
            lambda: query(self.mesh, "select count(*) from jobs where state != 'SUCCEEDED'") == [["0"]],
            PATIENCE, "every ingest has ended well",
        )
        # The limit was reached by every kind of call, or this test shows nothing.
        for call in ("upload", "submit", "watch"):
            self.assertGreater(self.refusals[call], 0, call)
        for kind, peak in peaks.items():
            self.assertLess(peak, most_memory, kind)

    def persist(self, name, call):
        """Calls until it is answered. Only being turned away is an answer to come back after."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return call()
            except grpc.RpcError as error:
                if error.code() != grpc.StatusCode.RESOURCE_EXHAUSTED or time.monotonic() > deadline:
                    raise
                pause = told_to_wait(error)
                self.assertIsNotNone(pause, f"{name} is not told when to come back: {error.details()}")
                with self.lock:
                    self.refusals[name] += 1
                time.sleep(pause)


def at_once(work, items):
    """Does it for every item in a thread of its own; all begin together."""
    begin = threading.Barrier(len(items))

    def one(item):
        begin.wait()
        return work(item)

    with concurrent.futures.ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(one, items))


def told_to_wait(error):
    """The seconds of the error's RetryInfo, if it has one."""
    status = rpc_status.from_call(error)
    for packed in status.details if status else ():
        if packed.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
            info = error_details_pb2.RetryInfo()
            packed.Unpack(info)
            return info.retry_delay.ToTimedelta().total_seconds()
    return None


def padded(video, number, size):
    """The same film in a file of nearly `size` bytes that no other is equal to."""
    filling = number.to_bytes(8, "big") * ((size - len(video)) // 8 - 1)
    return video + (8 + len(filling)).to_bytes(4, "big") + b"free" + filling


def peak_memory(pid):
    """The most that a process ever held, in bytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) << 10
    raise AssertionError(f"process {pid} does not tell its memory")


if __name__ == "__main__":
    unittest.main()
