//! From two video files to a report, through a catalog.

use std::path::Path;

use sopilot_embed::{Descriptor, Embedder as _};
use sopilot_proto::{
    catalog::v1::{ListVideosRequest, MaskRegion, Video, VideoMetadata, VideoRole, VideoState},
    scoring::v1::ScoreReport,
};

use crate::{
    client::{Catalog, all_pages, expect},
    error::Result,
    progress::Progress,
    task::{self, Ensured},
    upload::{self, Source, Target, file_name},
    watch,
};

/// A file and the role it plays.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    pub(crate) path: &'a Path,
    pub(crate) role: VideoRole,
    pub(crate) mask: &'a [MaskRegion],
}

/// What is needed to turn files into reports.
#[derive(Debug, Clone)]
pub(crate) struct Scorer {
    pub(crate) catalog: Catalog,
    pub(crate) progress: Progress,
}

impl Scorer {
    /// Brings one file in as a video of the task and waits until it is READY. A READY video of the
    /// same bytes, role, mask and embedder is used as it is; a gold for an older version is prepared anew.
    pub(crate) async fn ingest(&self, task: &Ensured, input: Input<'_>) -> Result<Video> {
        let name = file_name(input.path);
        let source = Source::read(input.path, &self.progress).await?;
        let existing = self.existing(task, &source, input).await?;
        let ingested = match existing {
            Some(video) => self.prepared(task, video, &name).await,
            None => self.ingested(task, &source, input, &name).await,
        };
        ingested.map_err(|error| {
            if error.message.starts_with(&name) {
                error
            } else {
                error.about(&name)
            }
        })
    }

    /// Scores a READY trainee against a READY gold and answers the report.
    pub(crate) async fn score(&self, gold: &Video, trainee: &Video) -> Result<ScoreReport> {
        let golds = [gold.id.clone()];
        let job = self.catalog.submit_score(&golds, &trainee.id).await?;
        let bar = self.progress.job("scoring");
        watch::until_succeeded(&self.catalog, &job.id, &bar).await?;
        let answer = self.catalog.report(&job.id, false).await?;
        expect(answer.report, "report")
    }

    async fn existing(
        &self,
        task: &Ensured,
        source: &Source<'_>,
        input: Input<'_>,
    ) -> Result<Option<Video>> {
        let videos = all_pages(usize::MAX, async |page_size, page_token| {
            let request = ListVideosRequest {
                page_size,
                page_token,
                task_id: task.task.id.clone(),
                role: input.role.into(),
                state: VideoState::Ready.into(),
            };
            let answer = self.catalog.list_videos(request).await?;
            Ok((answer.videos, answer.next_page_token))
        });
        let descriptor = Descriptor::new();
        let current = descriptor.info();
        let same = |video: &Video| {
            let mask = video
                .metadata
                .as_ref()
                .map_or(&[][..], |metadata| &metadata.mask);
            // What an earlier version embedded cannot be compared any more.
            let embedder = video
                .embeddings
                .as_ref()
                .and_then(|it| it.embedder.as_ref());
            let comparable = embedder.is_some_and(|it| it.checksum == current.checksum);
            video.sha256 == source.sha256 && mask == input.mask && comparable
        };
        Ok(videos.await?.into_iter().find(same))
    }

    /// Makes sure that a READY gold is prepared for the current version of the task.
    async fn prepared(&self, task: &Ensured, video: Video, name: &str) -> Result<Video> {
        let version = task::version(&task.task);
        if video.role() != VideoRole::Gold || video.task_version == version {
            return Ok(video);
        }
        let bar = self.progress.job(&format!("preparing {name}"));
        let mut job_id = None;
        for id in &task.prepare_job_ids {
            if self.catalog.job(id).await?.video_id == video.id {
                job_id = Some(id.clone());
            }
        }
        let job_id = match job_id {
            Some(id) => id,
            None => self.catalog.submit_prepare(&video.id).await?.id,
        };
        watch::until_succeeded(&self.catalog, &job_id, &bar).await?;
        self.catalog.video(&video.id).await
    }

    async fn ingested(
        &self,
        task: &Ensured,
        source: &Source<'_>,
        input: Input<'_>,
        name: &str,
    ) -> Result<Video> {
        let metadata = VideoMetadata {
            file_name: name.to_owned(),
            mask: input.mask.to_vec(),
            ..VideoMetadata::default()
        };
        let target = Target {
            task_id: &task.task.id,
            role: input.role,
            metadata,
        };
        let video = upload::ingest(&self.catalog, source, &target, &self.progress).await?;
        // An earlier run may have ingested it before the task got its present version.
        self.prepared(task, video, name).await
    }
}
