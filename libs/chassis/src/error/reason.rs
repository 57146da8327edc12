//! The closed list of reasons that an answer of SOPilot can carry.

use std::fmt;

use tonic::Code;

/// Whether sending the same request again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same request fails the same way until someone changes something.
    Never,
    /// The cause passes by itself: repeat an idempotent request with exponential backoff and
    /// jitter.
    Backoff,
    /// Repeat only if the answer carries `RetryInfo`, and not before the delay it names.
    WhenTold,
}

impl Retry {
    /// The advice in words, as the reference page prints it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Never => "no",
            Self::Backoff => "yes, with backoff",
            Self::WhenTold => "yes, after `RetryInfo`",
        }
    }
}

/// Declares the enum and all its tables from one row per reason, so that a new reason cannot be
/// added without a gRPC code, a retry decision and its documentation.
macro_rules! reasons {
    ($($variant:ident = $name:literal, $code:ident, $retry:ident, $what:literal, $remedy:literal;)*) => {
        /// Why a request or a job failed: stable names that clients may match on.
        ///
        /// The name goes over the wire as `google.rpc.ErrorInfo.reason` in the domain
        /// [`DOMAIN`](crate::error::DOMAIN) and into the row of a failed job. A name, once
        /// released, never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason {
            $(#[doc = $what] $variant,)*
        }

        impl Reason {
            /// Every reason, in the order of the reference page.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The reason of that name; `None` for a name that this version does not know.
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)* _ => None }
            }

            /// The gRPC status code that this reason travels under.
            pub fn code(self) -> Code {
                match self { $(Self::$variant => Code::$code,)* }
            }

            /// Whether sending the same request again can help.
            pub fn retry(self) -> Retry {
                match self { $(Self::$variant => Retry::$retry,)* }
            }

            /// What happened, in one sentence.
            pub fn what(self) -> &'static str {
                match self { $(Self::$variant => $what,)* }
            }

            /// What the reader can do about it, in one sentence.
            pub fn remedy(self) -> &'static str {
                match self { $(Self::$variant => $remedy,)* }
            }
        }
    };
}

reasons! {
    // Requests.
    InvalidArgument = "INVALID_ARGUMENT", InvalidArgument, Never,
        "A field of the request is missing, malformed or out of its range.",
        "Correct the fields that the error's `BadRequest` names.";
    PageTokenInvalid = "PAGE_TOKEN_INVALID", InvalidArgument, Never,
        "The page token was not issued by this list, or for another filter.",
        "List again from the first page, with the same filter on every page.";
    IdempotencyConflict = "IDEMPOTENCY_CONFLICT", AlreadyExists, Never,
        "The idempotency key was already used for a different request.",
        "Use a new key for a new request, and repeat a key only with the identical request.";

    // Tasks.
    TaskNotFound = "TASK_NOT_FOUND", NotFound, Never,
        "No task has this identifier.",
        "Check the identifier, or list the tasks.";
    TaskAlreadyExists = "TASK_ALREADY_EXISTS", AlreadyExists, Never,
        "A task of this name exists already.",
        "Choose another name, or add a version to the existing task.";
    TaskInUse = "TASK_IN_USE", FailedPrecondition, Never,
        "Videos, unfinished uploads or scores still belong to the task.",
        "Delete the videos, and finish or abort the uploads that the message names.";
    TaskVersionNotFound = "TASK_VERSION_NOT_FOUND", NotFound, Never,
        "The task has no version of this number.",
        "Get the task to see its versions.";
    StepListInvalid = "STEP_LIST_INVALID", InvalidArgument, Never,
        "The list of steps contradicts itself: a step overlaps another, has no name, or lies outside the video.",
        "Correct the steps that the error's `BadRequest` names.";

    // Videos and uploads.
    VideoNotFound = "VIDEO_NOT_FOUND", NotFound, Never,
        "No video has this identifier.",
        "Check the identifier, or list the videos of the task.";
    VideoNotReady = "VIDEO_NOT_READY", FailedPrecondition, Never,
        "The video has not been ingested yet, or its ingest failed.",
        "Wait until its ingest job has succeeded.";
    VideoRoleMismatch = "VIDEO_ROLE_MISMATCH", FailedPrecondition, Never,
        "A gold video was given where a trainee video is wanted, or the other way round.",
        "Give the video of the right role.";
    VideoTaskMismatch = "VIDEO_TASK_MISMATCH", FailedPrecondition, Never,
        "The two videos belong to different tasks.",
        "Compare videos of one task.";
    VideoInUse = "VIDEO_IN_USE", FailedPrecondition, Never,
        "A score or a running job still needs the video.",
        "Delete the scores or cancel the jobs that the message names.";
    UploadNotFound = "UPLOAD_NOT_FOUND", NotFound, Never,
        "No upload has this identifier, or it has expired.",
        "Start a new upload.";
    UploadOffsetMismatch = "UPLOAD_OFFSET_MISMATCH", FailedPrecondition, Never,
        "The chunk does not begin where the stored part of the upload ends.",
        "Ask for the committed size and continue from there.";
    UploadTooLarge = "UPLOAD_TOO_LARGE", FailedPrecondition, Never,
        "The upload is larger than the configured limit or than the size announced for it.",
        "Shorten or re-encode the video, or have the limit raised.";
    ChecksumMismatch = "CHECKSUM_MISMATCH", InvalidArgument, Never,
        "The bytes received do not have the checksum that was announced.",
        "Upload the file again; compare its checksum at the source.";

    // Jobs, scores, reviews.
    JobNotFound = "JOB_NOT_FOUND", NotFound, Never,
        "No job has this identifier.",
        "Check the identifier, or list the jobs.";
    JobAlreadyEnded = "JOB_ALREADY_ENDED", FailedPrecondition, Never,
        "The job has already succeeded, failed or been cancelled.",
        "Read its result; start a new job if another run is wanted.";
    ScoreNotReady = "SCORE_NOT_READY", FailedPrecondition, Never,
        "The score is still being computed, or its job failed.",
        "Wait for its job to end and read the job's state.";
    ReviewInvalid = "REVIEW_INVALID", InvalidArgument, Never,
        "The review names a deviation that the score does not have, or a verdict without a reason.",
        "Correct the fields that the error's `BadRequest` names.";

    // Stored results and what computes them.
    ObjectNotFound = "OBJECT_NOT_FOUND", NotFound, Never,
        "A stored file that the request needs is gone.",
        "Ingest the video again; if it was not deleted on purpose, look for lost storage.";
    ObjectCorrupt = "OBJECT_CORRUPT", DataLoss, Never,
        "A stored file does not have the checksum it was written with.",
        "Ingest the video again, and check the storage for faults.";
    EmbedderMismatch = "EMBEDDER_MISMATCH", FailedPrecondition, Never,
        "The two videos were embedded by different embedders or models, whose embeddings cannot be compared.",
        "Ingest the older video again with the current embedder.";
    GoldVersionMismatch = "GOLD_VERSION_MISMATCH", FailedPrecondition, Never,
        "The golds of a score are prepared for different versions of the task.",
        "Prepare the older golds again (SubmitPrepare), then submit the score anew.";
    MatrixInvalid = "MATRIX_INVALID", InvalidArgument, Never,
        "An embedding matrix has the wrong shape, is too large, or contains values that are not finite.",
        "Send a row-major matrix of finite values with as many values as rows times columns.";

    // Videos that cannot be used.
    VideoEmpty = "VIDEO_EMPTY", FailedPrecondition, Never,
        "The file has no bytes.",
        "Upload the video again.";
    NotAVideo = "NOT_A_VIDEO", FailedPrecondition, Never,
        "The file is not a video that can be recognised.",
        "Upload an MP4, MOV, MKV or WebM file.";
    NoVideoStream = "NO_VIDEO_STREAM", FailedPrecondition, Never,
        "The file holds sound or data but no pictures.",
        "Upload the recording that has the pictures.";
    ContainerNotAllowed = "CONTAINER_NOT_ALLOWED", FailedPrecondition, Never,
        "The file's container format is not on the list of allowed ones.",
        "Convert the video to MP4.";
    CodecNotAllowed = "CODEC_NOT_ALLOWED", FailedPrecondition, Never,
        "The video's codec is not on the list of allowed ones.",
        "Convert the video to H.264.";
    VideoTruncated = "VIDEO_TRUNCATED", FailedPrecondition, Never,
        "The file ends in the middle of the video, or its data is damaged.",
        "Compare the file's size with the original and upload it again.";
    VideoDimensions = "VIDEO_DIMENSIONS", FailedPrecondition, Never,
        "The picture is smaller or larger than the limits.",
        "Scale the video to a size within the limits that the message names.";
    VideoDuration = "VIDEO_DURATION", FailedPrecondition, Never,
        "The video is shorter or longer than the limits.",
        "Cut the video to a length within the limits that the message names.";
    VideoSize = "VIDEO_SIZE", FailedPrecondition, Never,
        "The file is larger than the limit.",
        "Re-encode the video at a lower bit rate.";
    VideoCorrupt = "VIDEO_CORRUPT", FailedPrecondition, Never,
        "The container is right but its pictures cannot be decoded.",
        "Export or record the video again.";
    VideoFrameRate = "VIDEO_FRAME_RATE", FailedPrecondition, Never,
        "The video has more frames a second than the limit.",
        "Convert it to 60 frames a second or fewer.";
    VideoDescription = "VIDEO_DESCRIPTION", FailedPrecondition, Never,
        "The description of the video is absurdly long, as in a file with thousands of tracks.",
        "Export the video again with one picture and at most one sound track.";
    MaskInvalid = "MASK_INVALID", FailedPrecondition, Never,
        "A region of the privacy mask is not a rectangle inside the picture.",
        "Give x, y, width and height as fractions of the picture, inside it.";
    VideoTooFewClips = "VIDEO_TOO_FEW_CLIPS", FailedPrecondition, Never,
        "Too few clips of the video can be used to compare it with anything.",
        "Record a longer video, steady and well lit.";
    VideoTimeLimit = "VIDEO_TIME_LIMIT", FailedPrecondition, Never,
        "Decoding the video took longer than the limit.",
        "Re-encode the video with a common codec and a smaller picture.";
    VideoMemoryLimit = "VIDEO_MEMORY_LIMIT", FailedPrecondition, Never,
        "Decoding the video needed more memory than the limit.",
        "Re-encode the video with a smaller picture.";

    // How a job fails.
    InputVideoFailed = "INPUT_VIDEO_FAILED", FailedPrecondition, Never,
        "The ingest of a video that the job needs has failed.",
        "See why that video failed, upload it again, and start a new job.";
    InputVideoDeleted = "INPUT_VIDEO_DELETED", FailedPrecondition, Never,
        "A video that the job needs was deleted while the job waited.",
        "Start a new job with a video that exists.";
    WorkerLost = "WORKER_LOST", Unavailable, Backoff,
        "The workers that had the job stopped without reporting, until no attempt was left.",
        "Look for crashes or lack of memory in the workers' logs, then start the job again.";

    // The system.
    Overloaded = "OVERLOADED", ResourceExhausted, WhenTold,
        "The process already handles as many calls as it may.",
        "Wait as long as `RetryInfo` says; add replicas if it happens often.";
    DeadlineExceeded = "DEADLINE_EXCEEDED", DeadlineExceeded, Backoff,
        "The caller's deadline passed before the answer was there.",
        "Allow more time; whether the work was done is not known, so repeat only what is idempotent.";
    Unavailable = "UNAVAILABLE", Unavailable, Backoff,
        "A service, or something it depends on, cannot be reached right now or is stopping.",
        "Try again; if it lasts, see the readiness of the service that the message names.";
    Cancelled = "CANCELLED", Cancelled, Never,
        "The caller gave up, or the job was cancelled.",
        "Nothing, if that was wanted.";
    StorageFull = "STORAGE_FULL", Unavailable, Backoff,
        "The storage has no room for the data.",
        "Delete what is not needed or enlarge the storage, then try again.";
    Internal = "INTERNAL", Internal, Never,
        "A fault in SOPilot.",
        "Search the service's log for the error id in the message and report it.";

    // Codes of a peer (a proxy, another version) whose reason this version does not know.
    NotFound = "NOT_FOUND", NotFound, Never,
        "A peer says that something does not exist, with a reason that this version does not know.",
        "See the message; bring client and services to the same version.";
    AlreadyExists = "ALREADY_EXISTS", AlreadyExists, Never,
        "A peer says that something exists already, with a reason that this version does not know.",
        "See the message; bring client and services to the same version.";
    FailedPrecondition = "FAILED_PRECONDITION", FailedPrecondition, Never,
        "A peer says that the request does not fit the present state, with a reason that this version does not know.",
        "See the message; bring client and services to the same version.";
    Aborted = "ABORTED", Aborted, Never,
        "A peer gave up because of a concurrent change, with a reason that this version does not know.",
        "Read the present state again before deciding.";
    PermissionDenied = "PERMISSION_DENIED", PermissionDenied, Never,
        "Something between client and service, such as a proxy, refuses the call.",
        "Ask whoever runs the installation for access.";
    Unauthenticated = "UNAUTHENTICATED", Unauthenticated, Never,
        "Something between client and service, such as a proxy, wants credentials.",
        "Ask whoever runs the installation for credentials.";
    Unimplemented = "UNIMPLEMENTED", Unimplemented, Never,
        "The address serves no such method.",
        "Check that the address belongs to the right service; bring client and services to the same version.";
}

impl Reason {
    /// True unless the same request is bound to fail again: the exhaustive decision behind
    /// [`Reason::retry`].
    ///
    /// For a job this separates transient failures (another attempt is worth making) from permanent
    /// ones.
    pub fn retryable(self) -> bool {
        match self.retry() {
            Retry::Never => false,
            Retry::Backoff | Retry::WhenTold => true,
        }
    }

    /// The most general reason of a gRPC code, for answers that carry no reason this version knows.
    pub fn from_code(code: Code) -> Self {
        match code {
            Code::InvalidArgument | Code::OutOfRange => Self::InvalidArgument,
            Code::NotFound => Self::NotFound,
            Code::AlreadyExists => Self::AlreadyExists,
            Code::FailedPrecondition => Self::FailedPrecondition,
            Code::Aborted => Self::Aborted,
            Code::PermissionDenied => Self::PermissionDenied,
            Code::Unauthenticated => Self::Unauthenticated,
            Code::Unimplemented => Self::Unimplemented,
            Code::ResourceExhausted => Self::Overloaded,
            Code::DeadlineExceeded => Self::DeadlineExceeded,
            Code::Unavailable => Self::Unavailable,
            Code::Cancelled => Self::Cancelled,
            Code::DataLoss => Self::ObjectCorrupt,
            Code::Internal | Code::Unknown | Code::Ok => Self::Internal,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// All reasons as a Markdown table, one row each; `docs/errors.md` holds it.
pub fn reference_table() -> String {
    use fmt::Write as _;

    let mut page = String::from(
        "| Reason | gRPC code | Retry? | What happened | What to do |\n\
         |---|---|---|---|---|\n",
    );
    for reason in Reason::ALL {
        let (code, retry) = (code_name(reason.code()), reason.retry().as_str());
        let (what, remedy) = (reason.what(), reason.remedy());
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "| `{reason}` | `{code}` | {retry} | {what} | {remedy} |"
        );
    }
    page
}

/// The code's name in the gRPC specification.
pub(crate) fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_are_distinct_and_parse_back() {
        let names: HashSet<_> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        assert_eq!(names.len(), Reason::ALL.len());
        for reason in Reason::ALL {
            assert_eq!(Reason::parse(reason.as_str()), Some(*reason));
            // google.rpc.ErrorInfo demands this form.
            assert!(reason.as_str().len() <= 63);
            assert!(
                reason
                    .as_str()
                    .chars()
                    .all(|c| c.is_ascii_uppercase() || c == '_')
            );
        }
        assert_eq!(Reason::parse("internal"), None);
    }

    #[test]
    fn names_are_the_variants_in_screaming_snake_case() {
        for reason in Reason::ALL {
            let mut name = String::new();
            for (i, c) in format!("{reason:?}").chars().enumerate() {
                if c.is_ascii_uppercase() && i > 0 {
                    name.push('_');
                }
                name.push(c.to_ascii_uppercase());
            }
            assert_eq!(name, reason.as_str());
        }
    }

    #[test]
    fn a_code_keeps_its_code_through_its_general_reason() {
        for number in 0..=16 {
            let code = Code::from_i32(number);
            let kept = match code {
                Code::Ok | Code::Unknown => Code::Internal,
                Code::OutOfRange => Code::InvalidArgument,
                code => code,
            };
            assert_eq!(Reason::from_code(code).code(), kept);
        }
    }

    #[test]
    fn the_reference_page_has_one_row_of_five_cells_per_reason() {
        let page = reference_table();
        let rows: Vec<_> = page
            .lines()
            .filter(|line| line.starts_with("| `"))
            .collect();
        assert_eq!(rows.len(), Reason::ALL.len());
        assert!(rows.iter().all(|row| row.matches(" | ").count() == 4));
        assert!(page.contains("| `OVERLOADED` | `RESOURCE_EXHAUSTED` | yes, after `RetryInfo` |"));
    }
}
