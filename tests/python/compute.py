"""Embedding, alignment and scoring for callers that want an answer now."""

import array
import math
import random
import tempfile
import unittest
from pathlib import Path

import grpc

import footage
from client import Client, pages, refusal
from serving import Serving
from sopilot.alignment.v1 import alignment_pb2, alignment_pb2_grpc
from sopilot.catalog.v1 import job_pb2, video_pb2
from sopilot.embedding.v1 import embedding_pb2, embedding_pb2_grpc
from sopilot.scoring.v1 import procedure_pb2, scoring_pb2, scoring_pb2_grpc

STEPS = [("bars", 3), ("fractal", 3), ("life", 3)]
GOLD = alignment_pb2.MATRIX_SIDE_GOLD
TRAINEE = alignment_pb2.MATRIX_SIDE_TRAINEE


def setUpModule():
    """One server, and one pair of videos that was scored as a job."""
    global server, client, gold, trainee, report, embedding, alignment, scoring
    folder = tempfile.TemporaryDirectory(prefix="sopilot-compute-")
    unittest.addModuleCleanup(folder.cleanup)
    server = Serving(folder.name)
    unittest.addModuleCleanup(server.stop)
    server.start()
    client = Client(server.channel)
    task = client.create_task("compare", procedure())
    clips = Path(folder.name)
    gold = client.upload(task, video_pb2.VIDEO_ROLE_GOLD, footage.make(clips / "gold.mp4", STEPS))
    swapped = footage.make(clips / "trainee.mp4", [STEPS[1], STEPS[0], STEPS[2]])
    trainee = client.upload(task, video_pb2.VIDEO_ROLE_TRAINEE, swapped)
    job = client.submit([gold], trainee)
    ended = client.watch(job.id)[-1]
    assert ended.state == job_pb2.JOB_STATE_SUCCEEDED, f"{ended}\n{server.said()}"
    report = client.report(job.id).report
    embedding = embedding_pb2_grpc.EmbeddingServiceStub(channel("embedding"))
    alignment = alignment_pb2_grpc.AlignmentServiceStub(channel("alignment"))
    scoring = scoring_pb2_grpc.ScoringServiceStub(channel("scoring"))


def channel(service):
    made = grpc.insecure_channel(server.address(service))
    unittest.addModuleCleanup(made.close)
    return made


def procedure():
    steps, start = [], 0.0
    for name, seconds in STEPS:
        time = procedure_pb2.TimeRange(start_seconds=start, end_seconds=start + seconds)
        steps.append(procedure_pb2.Step(name=name, gold_time=time))
        start += seconds
    return procedure_pb2.Procedure(steps=steps)


def matrix(rows, dim, seed):
    """A row-major matrix as little-endian float32."""
    chance = random.Random(seed)
    return array.array("f", (chance.gauss(0, 1) for _ in range(rows * dim))).tobytes()


def inline(rows, dim):
    return alignment_pb2.MatrixSource(inline=alignment_pb2.InlineMatrix(rows=rows, dim=dim))


def stored(key):
    return alignment_pb2.MatrixSource(object_key=key)


def chunks(side, data, size=100):
    for start in range(0, len(data), size):
        yield alignment_pb2.MatrixChunk(side=side, data=data[start : start + size])


def align(header, *matrices):
    """Aligns a pair; `matrices` are (side, bytes)."""

    def messages():
        yield alignment_pb2.AlignRequest(header=header)
        for side, data in matrices:
            for chunk in chunks(side, data):
                yield alignment_pb2.AlignRequest(chunk=chunk)

    return alignment.Align(messages(), timeout=30).alignment


class Embedding(unittest.TestCase):
    def embed(self, header, clips):
        def messages():
            yield embedding_pb2.EmbedClipsRequest(header=header)
            for clip in clips:
                yield embedding_pb2.EmbedClipsRequest(clip=embedding_pb2.RawClip(rgb=clip))

        return list(embedding.EmbedClips(messages(), timeout=60))

    def header(self):
        sampling = embedding.GetModelInfo(
            embedding_pb2.GetModelInfoRequest(), timeout=30
        ).sampling
        return embedding_pb2.EmbedClipsHeader(
            frames=sampling.frames_per_clip,
            height=sampling.frame_height,
            width=sampling.frame_width,
        )

    def test_clips_become_unit_vectors_in_order(self):
        header = self.header()
        size = header.frames * header.height * header.width * 3
        clips = [random.Random(seed).randbytes(size) for seed in range(20)]
        answers = self.embed(header, clips)
        rows = []
        for answer in answers:
            self.assertEqual(answer.first_clip, len(rows))
            values = array.array("f", answer.embeddings)
            self.assertEqual(len(values), answer.clips * answer.dim)
            rows += [values[i * answer.dim : (i + 1) * answer.dim] for i in range(answer.clips)]
        self.assertEqual(len(rows), len(clips))
        for row in rows:
            self.assertAlmostEqual(math.fsum(value * value for value in row), 1.0, places=4)
        again = self.embed(header, clips[7:8])
        self.assertEqual(array.array("f", again[0].embeddings), rows[7])

    def test_a_clip_of_another_size_is_refused(self):
        code, reason, _, fields = refusal(lambda: self.embed(self.header(), [b"too short"]))
        self.assertEqual((code, reason), (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT"))
        self.assertIn("clip.rgb", fields)

    def test_a_header_that_asks_for_the_moon_is_refused(self):
        header = embedding_pb2.EmbedClipsHeader(frames=2**31, height=2**31, width=2**31)
        code, _, _, fields = refusal(lambda: self.embed(header, []))
        self.assertEqual(code, grpc.StatusCode.INVALID_ARGUMENT)
        self.assertIn("header", fields)


class Alignment(unittest.TestCase):
    def test_a_matrix_aligned_with_itself_is_the_diagonal(self):
        data = matrix(12, 16, seed=1)
        header = alignment_pb2.AlignHeader(
            gold=inline(12, 16),
            trainee=inline(12, 16),
            steps=[alignment_pb2.ClipRange(first=0, end=5), alignment_pb2.ClipRange(first=5, end=12)],
        )
        made = align(header, (GOLD, data), (TRAINEE, data))
        self.assertEqual(list(made.path_gold), list(range(12)))
        self.assertEqual(list(made.path_trainee), list(range(12)))
        self.assertAlmostEqual(made.total_cost, 0.0, places=4)
        self.assertEqual(len(made.step_similarity), 2 * 12)
        self.assertEqual([match.coverage for match in made.step_matches], [1.0, 1.0])

    def test_what_is_wrong_with_a_matrix_is_named(self):
        good, zeros = matrix(3, 4, seed=2), bytes(3 * 4 * 4)
        header = alignment_pb2.AlignHeader(gold=inline(3, 4), trainee=inline(3, 4))
        unknown = alignment_pb2.AlignHeader(
            gold=stored("videos/01890a5d-ac96-774b-bcce-b302099a8057/source-1"), trainee=inline(3, 4)
        )
        outside = alignment_pb2.AlignHeader(gold=stored("../../etc/passwd"), trainee=inline(3, 4))
        huge = alignment_pb2.AlignHeader(gold=inline(2**32 - 1, 2**32 - 1), trainee=inline(3, 4))
        for reason, call in [
            ("MATRIX_INVALID", lambda: align(header, (GOLD, good), (TRAINEE, zeros))),
            ("MATRIX_INVALID", lambda: align(header, (GOLD, good), (TRAINEE, good[:-4]))),
            ("MATRIX_INVALID", lambda: align(header, (GOLD, good + good), (TRAINEE, good))),
            ("MATRIX_INVALID", lambda: align(huge, (TRAINEE, good))),
            ("OBJECT_NOT_FOUND", lambda: align(unknown, (TRAINEE, good))),
            ("INVALID_ARGUMENT", lambda: align(outside, (TRAINEE, good))),
        ]:
            self.assertEqual(refusal(call)[1], reason)

    def test_one_bad_pair_of_a_batch_fails_alone(self):
        data = matrix(5, 8, seed=3)
        header = alignment_pb2.AlignHeader(gold=inline(5, 8), trainee=inline(5, 8))

        def messages():
            for pair in ("first", "second"):
                yield alignment_pb2.AlignBatchRequest(pair_id=pair, header=header)
            for side in (GOLD, TRAINEE):
                for pair in ("first", "second"):
                    sent = data if pair == "first" or side == GOLD else bytes(len(data))
                    for chunk in chunks(side, sent):
                        yield alignment_pb2.AlignBatchRequest(pair_id=pair, chunk=chunk)
            yield alignment_pb2.AlignBatchRequest(pair_id="third", header=header)

        answers = {answer.pair_id: answer for answer in alignment.AlignBatch(messages(), timeout=30)}
        self.assertEqual(sorted(answers), ["first", "second", "third"])
        self.assertAlmostEqual(answers["first"].alignment.total_cost, 0.0, places=4)
        self.assertEqual(answers["second"].error.reason, "MATRIX_INVALID")
        self.assertEqual(answers["third"].error.reason, "MATRIX_INVALID")

    def test_the_device_has_a_name(self):
        info = alignment.GetDeviceInfo(alignment_pb2.GetDeviceInfoRequest(), timeout=30)
        self.assertTrue(info.engine and info.device and info.threads)


class Comparison(unittest.TestCase):
    def header(self, **changes):
        values = {"procedure": procedure(), "gold": compared(gold), "trainee": compared(trainee)}
        return scoring_pb2.CompareHeader(**{**values, **changes})

    def compare(self, header):
        request = iter([scoring_pb2.CompareRequest(header=header)])
        return scoring.Compare(request, timeout=60).report

    def test_it_says_what_the_job_said(self):
        now = self.compare(self.header())
        self.assertEqual(now.score, report.score)
        self.assertEqual(now.verdict, report.verdict)
        self.assertEqual(now.deviations, report.deviations)
        self.assertEqual(now.steps, report.steps)
        self.assertEqual(now.metrics, report.metrics)
        self.assertEqual(now.job_id, "", "nothing was stored")

    def test_steps_without_times_are_refused(self):
        steps = [procedure_pb2.Step(name="bars"), procedure_pb2.Step(name="fractal")]
        header = self.header(procedure=procedure_pb2.Procedure(steps=steps))
        self.assertEqual(refusal(lambda: self.compare(header))[1], "STEP_LIST_INVALID")

    def test_clips_that_do_not_fit_the_matrix_are_refused(self):
        short = compared(trainee)
        del short.clips[-1]
        refused = refusal(lambda: self.compare(self.header(trainee=short)))
        self.assertEqual(refused[0], grpc.StatusCode.INVALID_ARGUMENT)
        self.assertIn("trainee.clips", refused[3])

    def test_embeddings_of_another_embedder_are_refused(self):
        other = compared(trainee)
        other.embedder.version = "another"
        refused = refusal(lambda: self.compare(self.header(trainee=other)))
        self.assertEqual(refused[1], "EMBEDDER_MISMATCH")

    def test_a_deadline_that_has_passed_is_told_as_such(self):
        request = iter([scoring_pb2.CompareRequest(header=self.header())])
        code = refusal(lambda: scoring.Compare(request, timeout=0.000001))[0]
        self.assertEqual(code, grpc.StatusCode.DEADLINE_EXCEEDED)


def compared(video):
    ready = client.videos.GetVideo(video_pb2.GetVideoRequest(video_id=video.id), timeout=30).video
    listed = pages(
        client.videos.ListClips, video_pb2.ListClipsRequest, "clips", page_size=7, video_id=video.id
    )
    return scoring_pb2.ComparedVideo(
        embeddings=stored(ready.embeddings.object_key),
        clips=list(listed),
        embedder=ready.embeddings.embedder,
    )


if __name__ == "__main__":
    unittest.main()
