"""One trace from the client's upload to the stored score, as an OTLP receiver gets it."""

import concurrent.futures
import tempfile
import threading
import unittest
from pathlib import Path

import grpc
from opentelemetry.proto.collector.trace.v1 import (
    trace_service_pb2,
    trace_service_pb2_grpc,
)
from opentelemetry.proto.trace.v1 import trace_pb2

import footage
from client import Client
from meshed import Mesh
from serving import wait_for
from sopilot.catalog.v1 import job_pb2, video_pb2

GOLD = video_pb2.VIDEO_ROLE_GOLD
TRAINEE = video_pb2.VIDEO_ROLE_TRAINEE
TRACE = "0af7651916cd43dd8448eb211c80319c"
ROOT = "b7ad6b7169203331"
KIND = trace_pb2.Span.SpanKind
KINDS = ("catalog", "embedding", "alignment", "scoring")


class Receiver(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps every span of the trace, with the service that made it."""

    def __init__(self):
        self.lock = threading.Lock()
        self.spans = {}
        self.server = grpc.server(concurrent.futures.ThreadPoolExecutor(8))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self.server)
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()

    def Export(self, request, context):
        with self.lock:
            for resource in request.resource_spans:
                service = attributes(resource.resource.attributes)["service.name"]
                for scope in resource.scope_spans:
                    for span in scope.spans:
                        if span.trace_id.hex() == TRACE:
                            self.spans[span.span_id.hex()] = (service, span)
        return trace_service_pb2.ExportTraceServiceResponse()

    def found(self):
        with self.lock:
            return dict(self.spans)


class WithTrace(grpc.UnaryUnaryClientInterceptor, grpc.StreamUnaryClientInterceptor):
    """A client that traces itself: all its calls are below one span."""

    def intercept_unary_unary(self, call, details, request):
        return call(with_header(details), request)

    def intercept_stream_unary(self, call, details, requests):
        return call(with_header(details), requests)


def with_header(details):
    metadata = [*(details.metadata or ()), ("traceparent", f"00-{TRACE}-{ROOT}-01")]
    return details._replace(metadata=metadata)


class Tracing(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sopilot-trace-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.receiver = Receiver()
        self.addCleanup(self.receiver.server.stop, None)
        endpoint = f"trace.otlp_endpoint=http://127.0.0.1:{self.receiver.port}"
        self.mesh = self.enterContext(Mesh(settings=[f"{kind}:{endpoint}" for kind in KINDS]))

    def test_one_trace_from_the_upload_to_the_stored_score(self):
        channel = grpc.insecure_channel(self.mesh.of("catalog")[0].address)
        client = Client(grpc.intercept_channel(channel, WithTrace()))
        task = client.create_task("traced")
        steps = [("bars", 3), ("life", 3)]
        gold = client.upload(task, GOLD, footage.make(self.folder / "gold.mp4", steps))
        broken = client.upload(task, TRAINEE, b"not a video" * 1000)
        trainee = client.upload(
            task, TRAINEE, footage.make(self.folder / "trainee.mp4", [("bars", 3)])
        )
        job = client.submit([gold], trainee)
        self.assertEqual(client.watch(job.id)[-1].state, job_pb2.JOB_STATE_SUCCEEDED)
        self.assertEqual(client.watch(broken.ingest_job_id)[-1].state, job_pb2.JOB_STATE_FAILED)

        wanted = [
            ("catalog", "sopilot.catalog.v1.VideoService/UploadVideo", KIND.SPAN_KIND_SERVER),
            ("catalog", "sopilot.catalog.v1.JobService/SubmitScore", KIND.SPAN_KIND_SERVER),
            *[("catalog", f"send jobs.{queue}", KIND.SPAN_KIND_PRODUCER)
              for queue in ("embed", "prepare", "align", "score")],
            *[(service, f"{word} jobs.{queue}", KIND.SPAN_KIND_CONSUMER)
              for service, queue in (("embedding", "embed"), ("alignment", "prepare"),
                                     ("alignment", "align"), ("scoring", "score"))
              for word in ("receive", "process")],
            ("catalog", "store the result of jobs.score", KIND.SPAN_KIND_INTERNAL),
        ]

        def missing():
            names = {(service, span.name, span.kind) for service, span in self.receiver.found().values()}
            return [each for each in wanted if each not in names]

        wait_for(lambda: not missing(), 30, f"all spans have come: {missing()}")
        spans = self.receiver.found()
        # Every span hangs on another of the trace, the first ones on the client's.
        for service, span in spans.values():
            parent = span.parent_span_id.hex()
            self.assertTrue(parent == ROOT or parent in spans, f"{service}: {span.name}")
        submitted = self.one(spans, "sopilot.catalog.v1.JobService/SubmitScore")
        for name in ("process jobs.align", "process jobs.score", "store the result of jobs.score"):
            self.assertEqual(self.one(spans, name).parent_span_id, submitted.span_id, name)
        server = attributes(submitted.attributes)
        self.assertEqual(server["rpc.system"], "grpc")
        self.assertEqual(server["rpc.service"], "sopilot.catalog.v1.JobService")
        self.assertEqual(server["rpc.grpc.status_code"], 0)
        # What went wrong is marked.
        failed = [
            span for _, span in spans.values()
            if span.name == "process jobs.embed" and span.status.code == trace_pb2.Status.STATUS_CODE_ERROR
        ]
        self.assertEqual(len(failed), 1)
        self.assertIn("not a video", failed[0].status.message)
        self.assert_logs_name_the_trace()

    def one(self, spans, name):
        found = [span for _, span in spans.values() if span.name == name]
        self.assertEqual(len(found), 1, name)
        return found[0]

    def assert_logs_name_the_trace(self):
        for process in self.mesh.processes:
            self.assertIn(TRACE, process.log.read_text(), f"the log of {process}")


def attributes(found):
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in found}


if __name__ == "__main__":
    unittest.main()
