"""The contract as another team's client sees it, against a real `sopilot serve`."""

import hashlib
import tempfile
import unittest
from pathlib import Path

import grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

import footage
from client import Client, details, new_id, pages, part_of_upload, refusal
from serving import Serving, wait_for
from sopilot.catalog.v1 import (
    job_pb2,
    score_pb2,
    task_pb2,
    video_pb2,
    worker_pb2,
)
from sopilot.scoring.v1 import procedure_pb2, report_pb2

GOLD = video_pb2.VIDEO_ROLE_GOLD
TRAINEE = video_pb2.VIDEO_ROLE_TRAINEE
MEBIBYTE = 1 << 20
STEPS = [("bars", 4), ("fractal", 4), ("life", 4), ("waves", 4)]


def setUpModule():
    """One server and one scored pair for all tests."""
    global server, client, clips, task, gold, trainee, watched, answer
    folder = tempfile.TemporaryDirectory(prefix="sopilot-python-")
    unittest.addModuleCleanup(folder.cleanup)
    server = Serving(folder.name)
    unittest.addModuleCleanup(server.stop)
    server.start()
    client = Client(server.channel)
    clips = make_clips(Path(folder.name))
    task = client.create_task("replace the filter", procedure())
    gold = client.upload(task, GOLD, clips["gold"])
    trainee = client.upload(task, TRAINEE, clips["trainee"])
    # The videos are still being ingested: the job waits for them.
    job = client.submit([gold], trainee)
    watched = client.watch(job.id)
    assert watched[-1].state == job_pb2.JOB_STATE_SUCCEEDED, f"{watched[-1]}\n{server.said()}"
    answer = client.report(job.id)


def make_clips(folder):
    left_out = [STEPS[0], STEPS[2], STEPS[3]]
    return {
        "gold": footage.make(folder / "gold.mp4", STEPS),
        "trainee": footage.make(folder / "trainee.mp4", left_out, "eq=brightness=0.03"),
        "large": footage.make(folder / "large.mp4", [("rain", 8)], "noise=alls=40:allf=t", 4),
    }


def procedure():
    steps, start = [], 0.0
    for name, seconds in STEPS:
        time = procedure_pb2.TimeRange(start_seconds=start, end_seconds=start + seconds)
        steps.append(procedure_pb2.Step(name=name, gold_time=time))
        start += seconds
    return procedure_pb2.Procedure(steps=steps)


class Discovery(unittest.TestCase):
    def test_reflection_lists_the_services_and_describes_them(self):
        database = ProtoReflectionDescriptorDatabase(server.channel)
        names = set(database.get_services())
        for service in ("Task", "Video", "Job", "Score", "Worker"):
            self.assertIn(f"sopilot.catalog.v1.{service}Service", names)
        file = database.FindFileContainingSymbol("sopilot.catalog.v1.JobService")
        self.assertIn("SubmitScore", [method.name for method in file.service[0].method])

    def test_every_service_answers_where_it_listens(self):
        for service, name in [
            ("embedding", "sopilot.embedding.v1.EmbeddingService"),
            ("alignment", "sopilot.alignment.v1.AlignmentService"),
            ("scoring", "sopilot.scoring.v1.ScoringService"),
        ]:
            with grpc.insecure_channel(server.address(service)) as channel:
                names = ProtoReflectionDescriptorDatabase(channel).get_services()
                self.assertIn(name, names)


class Scores(unittest.TestCase):
    def test_a_job_is_watched_to_its_end(self):
        states = [job.state for job in watched]
        self.assertEqual(states[-1], job_pb2.JOB_STATE_SUCCEEDED)
        ended = [state for state in states if state > job_pb2.JOB_STATE_RUNNING]
        self.assertEqual(len(ended), 1, "the stream ends with the state that ends the job")
        progress = [job.progress for job in watched]
        self.assertEqual(progress, sorted(progress), "progress never goes back")
        self.assertEqual(progress[-1], 1.0)
        self.assertTrue(watched[-1].HasField("ended_at"))

    def test_the_report_names_the_step_that_was_left_out(self):
        # How often it is right is measured elsewhere; here the step must at
        # least be what cost most.
        worst = max(answer.report.deviations, key=lambda deviation: deviation.points_lost)
        self.assertEqual(worst.step_name, "fractal", answer.report)
        statuses = {step.name: step.status for step in answer.report.steps}
        self.assertIn(
            statuses["fractal"], (report_pb2.STEP_STATUS_MISSING, report_pb2.STEP_STATUS_WRONG)
        )
        lost = sum(deviation.points_lost for deviation in answer.report.deviations)
        self.assertAlmostEqual(answer.report.score, max(0.0, 100.0 - lost), places=6)

    def test_the_report_says_what_made_it(self):
        report = answer.report
        self.assertEqual(report.job_id, watched[-1].id)
        self.assertLess(report.score, 100)
        self.assertNotEqual(report.verdict, report_pb2.VERDICT_UNSPECIFIED)
        self.assertEqual([step.name for step in report.steps], [name for name, _ in STEPS])
        made_by = report.provenance
        self.assertEqual(made_by.task_version, 1)
        self.assertEqual([each.video_id for each in made_by.golds], [gold.id])
        self.assertEqual(made_by.trainee_video_id, trainee.id)
        self.assertTrue(made_by.embedder.checksum)
        self.assertTrue(made_by.code_version)

    def test_the_score_is_listed_once(self):
        listed = client.all_scores(trainee_video_id=trainee.id)
        [ours] = [score for score in listed if score.job_id == watched[-1].id]
        self.assertAlmostEqual(ours.score, answer.report.score)
        self.assertEqual(ours.deviation_count, len(answer.report.deviations))

    def test_a_submit_that_is_repeated_makes_one_job(self):
        request_id = new_id()
        first = client.submit([gold], trainee, request_id)
        again = client.submit([gold], trainee, request_id)
        self.assertEqual(first.id, again.id)
        other = client.upload(task, TRAINEE, clips["trainee"])
        code, reason, *_ = refusal(lambda: client.submit([gold], other, request_id))
        self.assertEqual((code, reason), (grpc.StatusCode.ALREADY_EXISTS, "IDEMPOTENCY_CONFLICT"))
        client.watch(first.id)


class Uploads(unittest.TestCase):
    def test_a_broken_upload_goes_on_where_it_stopped(self):
        data = clips["large"]
        self.assertGreater(len(data), 6 * MEBIBYTE)
        request_id = new_id()
        upload = client.start_upload(task, TRAINEE, data, request_id)
        with part_of_upload(client, upload.id, data, 5 * MEBIBYTE):
            # A part is kept while the rest is under way; then the cable is pulled.
            wait_for(lambda: self.committed(upload.id) > 0, 30, "bytes are kept")
        self.assert_committed(upload.id, 5 * MEBIBYTE)
        # A client that was killed knows only its request id.
        again = client.start_upload(task, TRAINEE, data, request_id)
        self.assertEqual(again.id, upload.id)
        code, reason, metadata, _ = refusal(lambda: client.send(upload.id, data, offset=0))
        self.assertEqual((code, reason), (grpc.StatusCode.FAILED_PRECONDITION, "UPLOAD_OFFSET_MISMATCH"))
        self.assertEqual(int(metadata["committed_bytes"]), again.committed_bytes)
        video = client.send(upload.id, data, again.committed_bytes).video
        self.assertEqual(video.sha256, hashlib.sha256(data).hexdigest())
        # Repeating a finished upload answers the video it became.
        self.assertEqual(client.upload(task, TRAINEE, data, request_id).id, video.id)

    def test_wrong_bytes_are_refused_and_the_right_ones_taken(self):
        data = clips["trainee"]
        upload = client.start_upload(task, TRAINEE, data)
        wrong = data[:-1] + bytes([data[-1] ^ 1])
        code, reason, *_ = refusal(lambda: client.send(upload.id, wrong))
        self.assertEqual((code, reason), (grpc.StatusCode.INVALID_ARGUMENT, "CHECKSUM_MISMATCH"))
        self.assertEqual(self.committed(upload.id), 0)
        self.assertEqual(client.send(upload.id, data).video.id, upload.id)

    def test_more_bytes_than_announced_are_refused(self):
        data = clips["trainee"]
        upload = client.start_upload(task, TRAINEE, data)
        _, reason, *_ = refusal(lambda: client.send(upload.id, data + b"more"))
        self.assertEqual(reason, "UPLOAD_TOO_LARGE")

    def test_an_aborted_upload_is_forgotten(self):
        upload = client.start_upload(task, TRAINEE, clips["trainee"])
        listing = video_pb2.ListUploadsRequest(task_id=task.id)
        listed = client.videos.ListUploads(listing, timeout=10).uploads
        self.assertIn(upload.id, [each.id for each in listed])
        client.videos.AbortUpload(video_pb2.AbortUploadRequest(upload_id=upload.id), timeout=10)
        listed = client.videos.ListUploads(listing, timeout=10).uploads
        self.assertNotIn(upload.id, [each.id for each in listed])
        code, reason, *_ = refusal(lambda: self.committed(upload.id))
        self.assertEqual((code, reason), (grpc.StatusCode.NOT_FOUND, "UPLOAD_NOT_FOUND"))

    def test_what_is_no_video_fails_with_a_reason(self):
        video = client.upload(task, TRAINEE, b"no video at all" * 1000)
        last = client.watch(video.ingest_job_id)[-1]
        self.assertEqual(last.state, job_pb2.JOB_STATE_FAILED)
        self.assertEqual(last.failure.reason, "NOT_A_VIDEO")
        read = client.videos.GetVideo(video_pb2.GetVideoRequest(video_id=video.id), timeout=10).video
        self.assertEqual(read.state, video_pb2.VIDEO_STATE_FAILED)
        _, reason, *_ = refusal(lambda: client.submit([gold], video))
        self.assertEqual(reason, "INPUT_VIDEO_FAILED")

    def test_a_score_that_waits_for_a_bad_video_fails_with_it(self):
        video = client.upload(task, TRAINEE, clips["gold"][: len(clips["gold"]) // 2])
        try:
            ended = client.watch(client.submit([gold], video).id)[-1].failure.reason
        except grpc.RpcError as error:
            # The ingest was faster than the submit.
            ended = details(error)[0]
        self.assertEqual(ended, "INPUT_VIDEO_FAILED")


    def committed(self, upload_id):
        request = video_pb2.GetUploadRequest(upload_id=upload_id)
        return client.videos.GetUpload(request, timeout=10).upload.committed_bytes

    def assert_committed(self, upload_id, expected):
        """The break may take a moment to reach the server."""
        try:
            wait_for(lambda: self.committed(upload_id) == expected, 10, "every whole mebibyte is kept")
        except AssertionError:
            self.assertEqual(self.committed(upload_id), expected, "every whole mebibyte is kept")
            raise


class Downloads(unittest.TestCase):
    def test_the_whole_video(self):
        header, data = self.download()
        self.assertEqual(header.size_bytes, len(clips["gold"]))
        self.assertEqual(header.sha256, hashlib.sha256(clips["gold"]).hexdigest())
        self.assertEqual(data, clips["gold"])

    def test_ranges(self):
        size = len(clips["gold"])
        for offset, length in [(0, 1), (1, MEBIBYTE), (size - 7, 7), (size // 2, 0)]:
            header, data = self.download(offset, length)
            end = offset + length if length else size
            self.assertEqual((header.offset, header.length), (offset, end - offset))
            self.assertEqual(data, clips["gold"][offset:end])

    def test_a_range_past_the_end_is_refused(self):
        code, reason, *_ = refusal(lambda: self.download(len(clips["gold"]) + 1, 1))
        self.assertEqual((code, reason), (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT"))

    def download(self, offset=0, length=0):
        request = video_pb2.DownloadVideoRequest(video_id=gold.id, offset=offset, length=length)
        first, *rest = client.videos.DownloadVideo(request, timeout=30)
        return first.header, b"".join(message.data for message in rest)


class Lists(unittest.TestCase):
    def test_pages_together_are_the_whole_list(self):
        other = client.create_task(f"paging {new_id()}")
        made = [client.upload(other, TRAINEE, b"%d" % number).id for number in range(5)]
        listed = [video.id for video in client.all_videos(task_id=other.id)]
        self.assertEqual(listed, made[::-1], "newest first, each once")

    def test_a_token_belongs_to_its_list(self):
        request = video_pb2.ListVideosRequest(page_size=1, task_id=task.id)
        token = client.videos.ListVideos(request, timeout=10).next_page_token
        self.assertTrue(token)
        for wrong in (
            video_pb2.ListVideosRequest(page_size=1, task_id=task.id, role=GOLD, page_token=token),
            video_pb2.ListVideosRequest(page_size=1, task_id=task.id, page_token=token + "x"),
        ):
            code, reason, *_ = refusal(lambda: client.videos.ListVideos(wrong, timeout=10))
            self.assertEqual(
                (code, reason), (grpc.StatusCode.INVALID_ARGUMENT, "PAGE_TOKEN_INVALID")
            )

    def test_filters(self):
        golds = client.all_videos(task_id=task.id, role=GOLD)
        self.assertEqual([video.id for video in golds], [gold.id])
        self.assertEqual(golds[0].state, video_pb2.VIDEO_STATE_READY)
        self.assertEqual(golds[0].gold_version, 1)
        clip_pages = pages(
            client.videos.ListClips, video_pb2.ListClipsRequest, "clips", 7, video_id=gold.id
        )
        indexes = [clip.index for clip in clip_pages]
        self.assertEqual(indexes, list(range(golds[0].media.clip_count)))


class Errors(unittest.TestCase):
    def test_an_unknown_video(self):
        request = video_pb2.GetVideoRequest(video_id=new_id())
        code, reason, *_ = refusal(lambda: client.videos.GetVideo(request, timeout=10))
        self.assertEqual((code, reason), (grpc.StatusCode.NOT_FOUND, "VIDEO_NOT_FOUND"))

    def test_text_that_is_no_id_names_the_field(self):
        request = video_pb2.GetVideoRequest(video_id="gold.mp4")
        code, reason, _, fields = refusal(lambda: client.videos.GetVideo(request, timeout=10))
        self.assertEqual((code, reason), (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT"))
        self.assertEqual(list(fields), ["video_id"])

    def test_a_gold_of_another_task(self):
        other = client.create_task(f"another {new_id()}")
        stranger = client.upload(other, GOLD, clips["gold"])
        code, reason, *_ = refusal(lambda: client.submit([stranger], trainee))
        self.assertEqual(
            (code, reason), (grpc.StatusCode.FAILED_PRECONDITION, "VIDEO_TASK_MISMATCH")
        )
        code, reason, *_ = refusal(lambda: client.submit([trainee], trainee))
        self.assertEqual(reason, "VIDEO_ROLE_MISMATCH")

    def test_steps_that_contradict_each_other_name_every_mistake(self):
        wrong = procedure()
        wrong.steps[1].name = wrong.steps[0].name
        wrong.steps[3].gold_time.start_seconds = 1.0
        code, reason, _, fields = refusal(
            lambda: client.create_task(f"wrong {new_id()}", wrong)
        )
        self.assertEqual((code, reason), (grpc.StatusCode.INVALID_ARGUMENT, "STEP_LIST_INVALID"))
        self.assertGreaterEqual(len(fields), 2, fields)

    def test_a_retention_that_nobody_can_mean(self):
        for seconds in (-1, 0, 59, 10**12):
            wrong = procedure()
            wrong.retention.seconds = seconds
            code, _, _, fields = refusal(lambda: client.create_task(f"wrong {new_id()}", wrong))
            self.assertEqual(code, grpc.StatusCode.INVALID_ARGUMENT)
            self.assertEqual(list(fields), ["procedure.retention"], seconds)

    def test_a_name_that_is_taken(self):
        code, reason, *_ = refusal(lambda: client.create_task(task.name))
        self.assertEqual((code, reason), (grpc.StatusCode.ALREADY_EXISTS, "TASK_ALREADY_EXISTS"))

    def test_what_cannot_be_read(self):
        method = server.channel.unary_unary("/sopilot.catalog.v1.TaskService/GetTask")
        code, reason, *_ = refusal(lambda: method(b"\xff\xff", timeout=10))
        self.assertEqual((code, reason), (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_ARGUMENT"))
        method = server.channel.unary_unary("/sopilot.catalog.v1.TaskService/NoSuch")
        code, reason, *_ = refusal(lambda: method(b"", timeout=10))
        self.assertEqual((code, reason), (grpc.StatusCode.UNIMPLEMENTED, "UNIMPLEMENTED"))

    def test_a_task_with_videos_stays(self):
        request = task_pb2.DeleteTaskRequest(task_id=task.id)
        _, reason, *_ = refusal(lambda: client.tasks.DeleteTask(request, timeout=10))
        self.assertEqual(reason, "TASK_IN_USE")

    def test_a_deadline_that_has_passed(self):
        request = job_pb2.WatchJobRequest(job_id=watched[-1].id)
        code, *_ = refusal(lambda: list(client.jobs.WatchJob(request, timeout=0)))
        self.assertEqual(code, grpc.StatusCode.DEADLINE_EXCEEDED)

    def test_a_token_that_nobody_was_given_completes_nothing(self):
        before = client.report(watched[-1].id)
        forged = worker_pb2.JobCompletion(
            job_id=watched[-1].id,
            fencing_token=999_999,
            score=worker_pb2.ScoreResult(
                report_key=f"jobs/{watched[-1].id}/999999/report.binpb", score=100.0
            ),
        )
        request = worker_pb2.CompleteJobsRequest(completions=[forged])
        statuses = client.workers.CompleteJobs(request, timeout=10).statuses
        self.assertEqual(list(statuses), [worker_pb2.COMPLETION_STATUS_STALE])
        self.assertEqual(client.report(watched[-1].id), before)

    def test_a_report_that_is_not_there(self):
        request = score_pb2.GetScoreReportRequest(job_id=new_id())
        _, reason, *_ = refusal(lambda: client.scores.GetScoreReport(request, timeout=10))
        self.assertEqual(reason, "JOB_NOT_FOUND")
        request = score_pb2.GetScoreReportRequest(job_id=gold.ingest_job_id)
        _, reason, *_ = refusal(lambda: client.scores.GetScoreReport(request, timeout=10))
        self.assertEqual(reason, "SCORE_NOT_READY")


class Reviews(unittest.TestCase):
    def setUp(self):
        job = client.submit([gold], trainee)
        self.job_id = client.watch(job.id)[-1].id
        self.verdict = client.report(self.job_id).report.verdict
        self.other = next(
            verdict
            for verdict in (report_pb2.VERDICT_PASS, report_pb2.VERDICT_FAIL)
            if verdict != self.verdict
        )

    def review(self, decision, **subject):
        review = score_pb2.Review(
            job_id=self.job_id,
            decision=decision,
            reviewer="auditor 7",
            reason="seen on the second camera",
            **subject,
        )
        request = score_pb2.CreateReviewRequest(review=review, request_id=new_id())
        return client.scores.CreateReview(request, timeout=10).review

    def test_the_last_review_of_a_verdict_counts(self):
        overruled = score_pb2.VerdictSubject(verdict=self.other)
        self.review(score_pb2.REVIEW_DECISION_OVERRULED, verdict=overruled)
        said = client.report(self.job_id)
        self.assertEqual(said.effective_verdict, self.other)
        self.assertEqual(said.report.verdict, self.verdict, "the report itself is not changed")
        self.review(score_pb2.REVIEW_DECISION_CONFIRMED, verdict=score_pb2.VerdictSubject())
        self.assertEqual(client.report(self.job_id).effective_verdict, self.verdict)
        listed = pages(
            client.scores.ListReviews, score_pb2.ListReviewsRequest, "reviews", 1, job_id=self.job_id
        )
        self.assertEqual(
            [review.decision for review in listed],
            [score_pb2.REVIEW_DECISION_OVERRULED, score_pb2.REVIEW_DECISION_CONFIRMED],
        )

    def test_a_review_that_contradicts_the_report_is_refused(self):
        same = score_pb2.VerdictSubject(verdict=self.verdict)
        for decision, subject in [
            (score_pb2.REVIEW_DECISION_OVERRULED, {"verdict": same}),
            (score_pb2.REVIEW_DECISION_CONFIRMED, {"deviation": 99}),
        ]:
            _, reason, *_ = refusal(lambda: self.review(decision, **subject))
            self.assertEqual(reason, "REVIEW_INVALID")

    def test_a_deviation_can_be_confirmed(self):
        review = self.review(score_pb2.REVIEW_DECISION_CONFIRMED, deviation=0)
        self.assertEqual(review.deviation, 0)


class Deletions(unittest.TestCase):
    def test_a_deleted_trainee_takes_its_report_along(self):
        video = client.upload(task, TRAINEE, clips["trainee"])
        job = client.watch(client.submit([gold], video).id)[-1]
        self.assertEqual(job.state, job_pb2.JOB_STATE_SUCCEEDED)
        self.assertTrue(self.kept(video.id))
        self.assertTrue(self.kept(job.id))

        request = video_pb2.DeleteVideoRequest(video_id=video.id)
        gone = client.videos.DeleteVideo(request, timeout=30)
        self.assertEqual(list(gone.removed_report_job_ids), [job.id])
        self.assertGreater(gone.removed_objects, 0)

        _, reason, *_ = refusal(lambda: client.report(job.id))
        self.assertEqual(reason, "SCORE_NOT_READY")
        request = video_pb2.GetVideoRequest(video_id=video.id)
        _, reason, *_ = refusal(lambda: client.videos.GetVideo(request, timeout=10))
        self.assertEqual(reason, "VIDEO_NOT_FOUND")
        self.assertNotIn(video.id, [each.id for each in client.all_videos()])
        self.assertEqual(client.all_scores(trainee_video_id=video.id), [])
        self.assertEqual(self.kept(video.id), [])
        self.assertEqual(self.kept(job.id), [])
        actions = pages(
            client.scores.ListAuditEvents,
            score_pb2.ListAuditEventsRequest,
            "events",
            10,
            subject_id=video.id,
        )
        self.assertEqual([event.action for event in actions], ["video.delete", "video.create"])

    def test_a_gold_with_reports_is_not_deleted_by_accident(self):
        request = video_pb2.DeleteVideoRequest(video_id=gold.id)
        code, reason, *_ = refusal(lambda: client.videos.DeleteVideo(request, timeout=10))
        self.assertEqual((code, reason), (grpc.StatusCode.FAILED_PRECONDITION, "VIDEO_IN_USE"))

    def kept(self, identifier):
        """The stored objects of a video or job."""
        return [path for path in server.data.rglob(f"*{identifier}*/**/*") if path.is_file()]


class Stopping(unittest.TestCase):
    def test_it_stops_when_asked(self):
        with tempfile.TemporaryDirectory(prefix="sopilot-python-") as folder:
            short = Serving(folder)
            short.start()
            self.assertEqual(short.stop(), 0, short.said())


if __name__ == "__main__":
    unittest.main()
