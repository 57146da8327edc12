//! `sopilot video`: what a server has, and what becomes of it.

use std::{collections::BTreeMap, fmt::Write as _};

use clap::{Args, Subcommand, ValueEnum};
use sopilot_proto::{
    catalog::v1::{
        AbortUploadResponse, ListUploadsRequest, ListUploadsResponse, ListVideosRequest,
        ListVideosResponse, Upload, Video, VideoRole, VideoState,
    },
    id::VideoId,
    json, timestamp,
};

use crate::{
    arguments::{Listing, Role, Server},
    client::{Catalog, all_pages},
    commands::{
        download::{self, DownloadArgs},
        upload::{self, UploadArgs},
    },
    error::Result,
    interrupt::Interrupt,
    output::Output,
    table::{Align, Column, table},
    task,
    text::{bytes, clock, counted, safe},
};

/// Videos of a server: upload, list, show, download, delete, unfinished uploads
#[derive(Debug, Subcommand)]
pub(crate) enum VideoCommand {
    Upload(UploadArgs),
    List(ListArgs),
    Show(ShowArgs),
    Download(DownloadArgs),
    Delete(DeleteArgs),
    Uploads(UploadsArgs),
    Abort(AbortArgs),
}

/// Runs `sopilot video`.
pub(crate) async fn run(command: &VideoCommand) -> Result<()> {
    match command {
        VideoCommand::Upload(args) => upload::run(args).await,
        VideoCommand::List(args) => list(args).await,
        VideoCommand::Show(args) => show(args).await,
        VideoCommand::Download(args) => download::run(args).await,
        VideoCommand::Delete(args) => delete(args).await,
        VideoCommand::Uploads(args) => uploads(args).await,
        VideoCommand::Abort(args) => abort(args).await,
    }
}

/// List videos, newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot video list --task assembly --role gold --state ready
  sopilot video list --output yaml
")]
pub(crate) struct ListArgs {
    /// Only videos of this task
    #[arg(long, value_name = "NAME")]
    task: Option<String>,
    /// Only videos in this role
    #[arg(long, value_enum)]
    role: Option<Role>,
    /// Only videos in this state
    #[arg(long, value_enum)]
    state: Option<State>,
    #[command(flatten)]
    list: Listing,
}

/// Show a video
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot video show 01890a5d-ac96-774b-bcce-b302099a8057
")]
pub(crate) struct ShowArgs {
    /// The video
    id: VideoId,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    server: Server,
}

/// Where a video is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum State {
    /// It is being looked at
    Ingesting,
    /// It can be scored
    Ready,
    /// It cannot be used
    Failed,
}

impl From<State> for VideoState {
    fn from(state: State) -> Self {
        match state {
            State::Ingesting => Self::Ingesting,
            State::Ready => Self::Ready,
            State::Failed => Self::Failed,
        }
    }
}

/// Delete a video, with its embeddings, its pictures and, of a trainee, its reports and reviews
///
/// A gold that was scored against is kept unless --force is given: its reports would go too.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot video delete 01890a5d-ac96-774b-bcce-b302099a8057
")]
pub(crate) struct DeleteArgs {
    /// The video
    id: VideoId,
    /// Delete a gold with all reports that were made with it
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    server: Server,
}

async fn delete(args: &DeleteArgs) -> Result<()> {
    let catalog = Catalog::connect(&args.server.server)?;
    let id = args.id.to_string();
    let answer = Interrupt::new()?
        .guard(catalog.delete_video(&id, args.force))
        .await?;
    let told = || {
        format!(
            "Deleted video {id}: {} cancelled, {} and {} removed.\n",
            counted(answer.cancelled_job_ids.len(), "job"),
            counted(answer.removed_report_job_ids.len(), "report"),
            counted(answer.removed_objects as usize, "stored object"),
        )
    };
    args.output.print(|| json::to_value(&answer), told)
}

/// List uploads that are not finished, newest first
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot video uploads --task assembly
")]
pub(crate) struct UploadsArgs {
    /// Only uploads for this task
    #[arg(long, value_name = "NAME")]
    task: Option<String>,
    #[command(flatten)]
    list: Listing,
}

/// Forget an unfinished upload and the bytes that came with it
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot video abort 01890a5d-ac96-774b-bcce-b302099a8057
")]
pub(crate) struct AbortArgs {
    /// The upload
    id: VideoId,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    server: Server,
}

async fn uploads(args: &UploadsArgs) -> Result<()> {
    let catalog = Catalog::connect(&args.list.server.server)?;
    let found = async {
        let task_id = task::id_to_list(&catalog, args.task.as_ref()).await?;
        let uploads = all_pages(args.list.most(), async |page_size, page_token| {
            let request = ListUploadsRequest {
                page_size,
                page_token,
                task_id: task_id.clone(),
            };
            let answer = catalog.list_uploads(request).await?;
            Ok((answer.uploads, answer.next_page_token))
        })
        .await?;
        let tasks = if args.list.output.is_for_people() {
            task_names(&catalog, uploads.iter().map(|upload| &upload.task_id)).await?
        } else {
            BTreeMap::new()
        };
        Ok((uploads, tasks))
    };
    let (uploads, tasks) = Interrupt::new()?.guard(found).await?;
    let for_people = upload_rows(&uploads, &tasks);
    let all = ListUploadsResponse {
        uploads,
        next_page_token: String::new(),
    };
    args.list
        .output
        .print(|| json::to_value(&all), || for_people)
}

fn upload_rows(uploads: &[Upload], tasks: &BTreeMap<String, String>) -> String {
    let columns = [
        Column("Upload", Align::Left),
        Column("Task", Align::Left),
        Column("File", Align::Left),
        Column("Role", Align::Left),
        Column("Arrived", Align::Right),
        Column("Size", Align::Right),
        Column("Begun", Align::Left),
        Column("Forgotten", Align::Left),
    ];
    let row = |upload: &Upload| {
        let name = upload.metadata.as_ref().map(|one| one.file_name.clone());
        let begun = upload.created_at.as_ref().map(timestamp::to_rfc3339);
        let forgotten = upload.expires_at.as_ref().map(timestamp::to_rfc3339);
        vec![
            upload.id.clone(),
            tasks
                .get(&upload.task_id)
                .unwrap_or(&upload.task_id)
                .clone(),
            name.unwrap_or_default(),
            role(upload.role()).to_owned(),
            bytes(upload.committed_bytes),
            bytes(upload.size_bytes),
            begun.unwrap_or_default(),
            forgotten.unwrap_or_default(),
        ]
    };
    table(&columns, uploads.iter().map(row))
}

async fn abort(args: &AbortArgs) -> Result<()> {
    let catalog = Catalog::connect(&args.server.server)?;
    let id = args.id.to_string();
    Interrupt::new()?.guard(catalog.abort_upload(&id)).await?;
    let told = || format!("Forgot upload {id} and its bytes.\n");
    args.output
        .print(|| json::to_value(&AbortUploadResponse {}), told)
}

/// A video, one fact a line.
pub(crate) fn details(video: &Video) -> String {
    let metadata = video.metadata.clone().unwrap_or_default();
    let mut facts = vec![
        ("Video", video.id.clone()),
        ("File", metadata.file_name),
        ("Role", role(video.role()).to_owned()),
        ("State", state(video.state()).to_owned()),
        ("Task", video.task_id.clone()),
        (
            "Size",
            format!("{} bytes ({})", video.size_bytes, bytes(video.size_bytes)),
        ),
        ("SHA-256", video.sha256.clone()),
        ("Site", metadata.site),
        ("Camera", metadata.camera),
        ("Operator", metadata.operator_pseudonym),
        ("Job", video.ingest_job_id.clone()),
    ];
    if let Some(media) = &video.media {
        let picture = format!(
            "{}, {} × {}, {:.2} frames/s, {}",
            clock(media.duration_seconds),
            media.width,
            media.height,
            media.frame_rate,
            media.codec
        );
        let clips = format!(
            "{}, {} with a disturbed view",
            media.clip_count, media.flagged_clip_count
        );
        facts.extend([("Media", picture), ("Clips", clips)]);
    }
    if let Some(failure) = &video.failure {
        facts.push((
            "Failure",
            format!("[{}] {}", failure.reason, failure.message),
        ));
    }
    if let Some(created_at) = &video.created_at {
        facts.push(("Created", timestamp::to_rfc3339(created_at)));
    }
    facts.iter().filter(|(_, value)| !value.is_empty()).fold(
        String::new(),
        |mut text, (name, value)| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{name:9}{}", safe(value));
            text
        },
    )
}

async fn show(args: &ShowArgs) -> Result<()> {
    let catalog = Catalog::connect(&args.server.server)?;
    let id = args.id.to_string();
    let video = Interrupt::new()?.guard(catalog.video(&id)).await?;
    let for_people = || details(&video);
    args.output.print(|| json::to_value(&video), for_people)
}

async fn list(args: &ListArgs) -> Result<()> {
    let catalog = Catalog::connect(&args.list.server.server)?;
    let found = async {
        let videos = wanted(&catalog, args).await?;
        let tasks = if args.list.output.is_for_people() {
            task_names(&catalog, videos.iter().map(|video| &video.task_id)).await?
        } else {
            BTreeMap::new()
        };
        Ok((videos, tasks))
    };
    let (videos, tasks) = Interrupt::new()?.guard(found).await?;
    let for_people = rows(&videos, &tasks);
    let all = ListVideosResponse {
        videos,
        next_page_token: String::new(),
    };
    args.list
        .output
        .print(|| json::to_value(&all), || for_people)
}

async fn wanted(catalog: &Catalog, args: &ListArgs) -> Result<Vec<Video>> {
    let task_id = task::id_to_list(catalog, args.task.as_ref()).await?;
    all_pages(args.list.most(), async |page_size, page_token| {
        let request = ListVideosRequest {
            page_size,
            page_token,
            task_id: task_id.clone(),
            role: args
                .role
                .map_or(VideoRole::Unspecified, VideoRole::from)
                .into(),
            state: args
                .state
                .map_or(VideoState::Unspecified, VideoState::from)
                .into(),
        };
        let answer = catalog.list_videos(request).await?;
        Ok((answer.videos, answer.next_page_token))
    })
    .await
}

/// The names of the tasks with these ids.
async fn task_names(
    catalog: &Catalog,
    ids: impl Iterator<Item = &String>,
) -> Result<BTreeMap<String, String>> {
    let mut names = BTreeMap::new();
    for id in ids {
        if !names.contains_key(id) {
            let task = catalog.task(id).await?;
            names.insert(id.clone(), task.name);
        }
    }
    Ok(names)
}

fn rows(videos: &[Video], tasks: &BTreeMap<String, String>) -> String {
    let columns = [
        Column("Video", Align::Left),
        Column("Task", Align::Left),
        Column("File", Align::Left),
        Column("Role", Align::Left),
        Column("State", Align::Left),
        Column("Length", Align::Right),
        Column("Size", Align::Right),
        Column("Created", Align::Left),
    ];
    let row = |video: &Video| {
        let name = video
            .metadata
            .as_ref()
            .map(|metadata| metadata.file_name.clone());
        let failed = video
            .failure
            .as_ref()
            .map(|failure| format!("failed: {}", failure.reason));
        vec![
            video.id.clone(),
            tasks.get(&video.task_id).unwrap_or(&video.task_id).clone(),
            name.unwrap_or_default(),
            role(video.role()).to_owned(),
            failed.unwrap_or_else(|| state(video.state()).to_owned()),
            video
                .media
                .as_ref()
                .map_or_else(String::new, |media| clock(media.duration_seconds)),
            bytes(video.size_bytes),
            video
                .created_at
                .as_ref()
                .map_or_else(String::new, timestamp::to_rfc3339),
        ]
    };
    table(&columns, videos.iter().map(row))
}

fn role(role: VideoRole) -> &'static str {
    match role {
        VideoRole::Unspecified => "unknown",
        VideoRole::Gold => "gold",
        VideoRole::Trainee => "trainee",
        VideoRole::Audit => "audit",
    }
}

fn state(state: VideoState) -> &'static str {
    match state {
        VideoState::Unspecified => "unknown",
        VideoState::Ingesting => "ingesting",
        VideoState::Ready => "ready",
        VideoState::Failed => "failed",
    }
}
