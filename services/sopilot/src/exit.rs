//! What the process's exit code says.

use std::fmt::Write as _;

use sopilot_chassis::Reason;

/// An exit code. From 64 on they are those of sysexits.h; from 10 on each video, procedure or job
/// that cannot be used has a code of its own, so that scripts need not read messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Exit(pub(crate) u8);

impl Exit {
    /// Everything that was asked for is done.
    pub(crate) const DONE: Self = Self(0);
    /// The command line, or a value in a request, is wrong.
    pub(crate) const USAGE: Self = Self(2);
    /// `evaluate` measured worse, or `sop lint --strict` found more, than allowed.
    pub(crate) const BELOW_FLOOR: Self = Self(1);
    /// A list of steps has a mistake.
    pub(crate) const STEP_LIST: Self = Self(30);
    /// The labels of a data set have a mistake.
    pub(crate) const LABELS: Self = Self(65);
    /// A file does not exist, is not a file, or cannot be read.
    pub(crate) const NO_INPUT: Self = Self(66);
    /// The server cannot be reached.
    pub(crate) const UNREACHABLE: Self = Self(69);
    /// A fault in SOPilot.
    pub(crate) const INTERNAL: Self = Self(70);
    /// Reading or writing failed, or the storage is full.
    pub(crate) const IO: Self = Self(74);
    /// A cause that passes.
    pub(crate) const TEMPORARY: Self = Self(75);
    /// The server answered something that this version does not understand.
    pub(crate) const PROTOCOL: Self = Self(76);
    /// Something refuses the call.
    pub(crate) const NO_PERMISSION: Self = Self(77);
    /// The configuration is wrong.
    pub(crate) const CONFIG: Self = Self(78);
    /// Ctrl-C or SIGTERM.
    pub(crate) const INTERRUPTED: Self = Self(130);

    /// The code of a reason: the one place that decides it.
    pub(crate) fn of(reason: Reason) -> Self {
        match reason {
            // Videos that cannot be used.
            Reason::VideoEmpty => Self(10),
            Reason::NotAVideo => Self(11),
            Reason::NoVideoStream => Self(12),
            Reason::ContainerNotAllowed => Self(13),
            Reason::CodecNotAllowed => Self(14),
            Reason::VideoTruncated => Self(15),
            Reason::VideoDimensions => Self(16),
            Reason::VideoDuration => Self(17),
            Reason::VideoSize => Self(18),
            Reason::VideoTooFewClips => Self(19),
            Reason::VideoCorrupt => Self(20),
            Reason::VideoFrameRate => Self(21),
            Reason::VideoDescription => Self(22),
            Reason::VideoTimeLimit => Self(23),
            Reason::VideoMemoryLimit => Self(24),
            Reason::MaskInvalid => Self(25),
            Reason::UploadTooLarge => Self(26),
            Reason::ChecksumMismatch => Self(27),

            // Procedures, and videos that do not fit them or each other.
            Reason::StepListInvalid => Self::STEP_LIST,
            Reason::VideoTaskMismatch => Self(31),
            Reason::VideoRoleMismatch => Self(32),
            Reason::EmbedderMismatch => Self(33),
            Reason::GoldVersionMismatch => Self(34),
            Reason::InputVideoFailed => Self(35),
            Reason::InputVideoDeleted => Self(36),

            // What does not exist.
            Reason::TaskNotFound => Self(40),
            Reason::TaskVersionNotFound => Self(41),
            Reason::VideoNotFound => Self(42),
            Reason::JobNotFound => Self(43),
            Reason::UploadNotFound => Self(45),
            Reason::ObjectNotFound => Self(46),
            Reason::ObjectCorrupt => Self(47),

            // What is not possible now.
            Reason::TaskAlreadyExists => Self(50),
            Reason::TaskInUse => Self(51),
            Reason::VideoInUse => Self(52),
            Reason::VideoNotReady => Self(53),
            Reason::ScoreNotReady => Self(54),
            Reason::JobAlreadyEnded => Self(55),
            Reason::ReviewInvalid => Self(56),
            Reason::Cancelled => Self(57),

            Reason::InvalidArgument
            | Reason::PageTokenInvalid
            | Reason::IdempotencyConflict
            | Reason::MatrixInvalid => Self::USAGE,
            Reason::Unavailable => Self::UNREACHABLE,
            Reason::Internal => Self::INTERNAL,
            Reason::StorageFull => Self::IO,
            Reason::UploadOffsetMismatch
            | Reason::WorkerLost
            | Reason::Overloaded
            | Reason::DeadlineExceeded
            | Reason::Aborted => Self::TEMPORARY,
            Reason::NotFound
            | Reason::AlreadyExists
            | Reason::FailedPrecondition
            | Reason::Unimplemented => Self::PROTOCOL,
            Reason::PermissionDenied | Reason::Unauthenticated => Self::NO_PERMISSION,
        }
    }
}

/// Codes that do not belong to a single reason, and what they say.
const GENERAL: &[(Exit, &str)] = &[
    (Exit::DONE, "Done."),
    (
        Exit::BELOW_FLOOR,
        "`evaluate` measured worse, or `sop lint --strict` found more, than allowed.",
    ),
    (
        Exit::LABELS,
        "The labels of a data set (truth.yaml) have a mistake.",
    ),
    (Exit::USAGE, "The command line, or a value in it, is wrong."),
    (
        Exit::NO_INPUT,
        "A file does not exist, is a directory, or cannot be read.",
    ),
    (
        Exit::UNREACHABLE,
        "The server cannot be reached or is stopping.",
    ),
    (Exit::INTERNAL, "A fault in SOPilot."),
    (
        Exit::IO,
        "Reading or writing failed, or the storage is full.",
    ),
    (
        Exit::TEMPORARY,
        "It failed for a reason that passes: try again.",
    ),
    (
        Exit::PROTOCOL,
        "The server's answer is not understood: bring both to the same version.",
    ),
    (
        Exit::NO_PERMISSION,
        "Something between here and the server refuses the call.",
    ),
    (Exit::CONFIG, "The configuration is wrong."),
    (Exit::INTERRUPTED, "Interrupted by Ctrl-C or SIGTERM."),
];

/// All exit codes, one a line, for `sopilot --help`.
pub(crate) fn reference() -> String {
    let mut lines: Vec<(Exit, String)> = GENERAL
        .iter()
        .map(|(exit, what)| (*exit, (*what).to_owned()))
        .collect();
    for reason in Reason::ALL {
        let exit = Exit::of(*reason);
        if !GENERAL.iter().any(|(general, _)| *general == exit) {
            lines.push((exit, format!("{reason}: {}", reason.what())));
        }
    }
    lines.sort();
    let mut text = String::from("Exit codes:\n");
    for (Exit(code), what) in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {code:>3}  {what}");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn every_code_from_10_to_63_belongs_to_one_reason() {
        let mut of_code: HashMap<u8, Reason> = HashMap::new();
        for reason in Reason::ALL {
            let Exit(code) = Exit::of(*reason);
            assert_ne!(code, 0, "{reason}");
            // Below 10 and from 64 on codes have a general meaning, which must be documented.
            if (10..64).contains(&code) {
                let other = of_code.insert(code, *reason);
                assert_eq!(other, None, "code {code} has two reasons, one is {reason}");
            } else {
                assert!(
                    GENERAL.iter().any(|(exit, _)| exit.0 == code),
                    "{reason}: {code}"
                );
            }
        }
    }

    #[test]
    fn the_reference_lists_every_code_once() {
        insta::assert_snapshot!(reference());
    }
}
