"""A client of SOPilot made from its .proto files alone."""

import contextlib
import hashlib
import itertools
import threading
import uuid

import grpc
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from sopilot.catalog.v1 import (
    job_pb2,
    job_pb2_grpc,
    score_pb2,
    score_pb2_grpc,
    task_pb2,
    task_pb2_grpc,
    video_pb2,
    video_pb2_grpc,
    worker_pb2_grpc,
)

CHUNK = 1 << 20
ENDED = (job_pb2.JOB_STATE_SUCCEEDED, job_pb2.JOB_STATE_FAILED, job_pb2.JOB_STATE_CANCELLED)
JOB_SECONDS = 300


class Client:
    """The catalog's services on one channel."""

    def __init__(self, channel):
        self.tasks = task_pb2_grpc.TaskServiceStub(channel)
        self.videos = video_pb2_grpc.VideoServiceStub(channel)
        self.jobs = job_pb2_grpc.JobServiceStub(channel)
        self.scores = score_pb2_grpc.ScoreServiceStub(channel)
        self.workers = worker_pb2_grpc.WorkerServiceStub(channel)

    def create_task(self, name, procedure=None):
        request = task_pb2.CreateTaskRequest(name=name, procedure=procedure, request_id=new_id())
        return self.tasks.CreateTask(request, timeout=30).task

    def start_upload(self, task, role, data, request_id=None, sha256=None):
        request = video_pb2.StartUploadRequest(
            task_id=task.id,
            role=role,
            size_bytes=len(data),
            sha256=sha256 or hashlib.sha256(data).hexdigest(),
            metadata=video_pb2.VideoMetadata(file_name="video.mp4", site="bench 3"),
            request_id=request_id or new_id(),
        )
        return self.videos.StartUpload(request, timeout=30).upload

    def send(self, upload_id, data, offset=0):
        """Sends all bytes from `offset` on; answers the whole response."""
        return self.videos.UploadVideo(frames(upload_id, data, offset), timeout=120)

    def upload(self, task, role, data, request_id=None):
        """Uploads a video, going on where an earlier call of the same id stopped."""
        upload = self.start_upload(task, role, data, request_id)
        return self.send(upload.id, data, upload.committed_bytes).video

    def submit(self, golds, trainee, request_id=None):
        request = job_pb2.SubmitScoreRequest(
            gold_video_ids=[gold.id for gold in golds],
            trainee_video_id=trainee.id,
            request_id=request_id or new_id(),
        )
        return self.jobs.SubmitScore(request, timeout=30).job

    def watch(self, job_id):
        """Every state of a job that could be seen, the last one ended."""
        request = job_pb2.WatchJobRequest(job_id=job_id)
        return [answer.job for answer in self.jobs.WatchJob(request, timeout=JOB_SECONDS)]

    def report(self, job_id):
        request = score_pb2.GetScoreReportRequest(job_id=job_id)
        return self.scores.GetScoreReport(request, timeout=30)

    def all_jobs(self, **only):
        return list(pages(self.jobs.ListJobs, job_pb2.ListJobsRequest, "jobs", **only))

    def all_videos(self, **only):
        return list(pages(self.videos.ListVideos, video_pb2.ListVideosRequest, "videos", **only))

    def all_scores(self, **only):
        return list(pages(self.scores.ListScores, score_pb2.ListScoresRequest, "scores", **only))


def pages(method, request, field, page_size=2, **only):
    """Walks a list page by page. Small pages, so that there are several."""
    token = ""
    while True:
        answer = method(request(page_size=page_size, page_token=token, **only), timeout=30)
        items = getattr(answer, field)
        assert len(items) <= page_size, f"a page of {page_size} holds {len(items)}"
        yield from items
        token = answer.next_page_token
        if not token:
            return


def frames(upload_id, data, offset=0):
    """The messages of an upload: the header, then the bytes."""
    header = video_pb2.UploadHeader(upload_id=upload_id, offset=offset)
    yield video_pb2.UploadVideoRequest(header=header)
    for start in range(offset, len(data), CHUNK):
        yield video_pb2.UploadVideoRequest(data=data[start : start + CHUNK])


@contextlib.contextmanager
def part_of_upload(client, upload_id, data, size):
    """An upload that stalls once `size` bytes are sent; broken off at the end of the block."""
    sent, release = threading.Event(), threading.Event()

    def stalling():
        # The header and as many chunks as are whole in `size`.
        yield from itertools.islice(frames(upload_id, data), 1 + size // CHUNK)
        # gRPC asks for the next message when it has sent the one before.
        sent.set()
        release.wait()

    call = client.videos.UploadVideo.future(stalling())
    try:
        assert sent.wait(30), f"{size} bytes could not be sent"
        yield
    finally:
        call.cancel()
        release.set()


def details(error):
    """(reason, metadata, fields) of an error, from its google.rpc.Status."""
    status = rpc_status.from_call(error)
    if status is None:
        return None, {}, {}
    reason, metadata, fields = None, {}, {}
    for packed in status.details:
        if packed.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo()
            packed.Unpack(info)
            assert info.domain == "sopilot", info.domain
            reason, metadata = info.reason, dict(info.metadata)
        elif packed.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            bad = error_details_pb2.BadRequest()
            packed.Unpack(bad)
            fields = {each.field: each.description for each in bad.field_violations}
    return reason, metadata, fields


def refusal(call):
    """Makes a call that must fail; answers its code and details."""
    try:
        call()
    except grpc.RpcError as error:
        return error.code(), *details(error)
    raise AssertionError("the call was answered instead of refused")


def new_id():
    return str(uuid.uuid4())
