//! Where objects live.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// The longest object name, in bytes; with it every key stays below 200 bytes.
const MAX_NAME: usize = 80;

/// The name of one object: one of four shapes, so it cannot leave the store or name an object of
/// another kind.
///
/// ```text
/// uploads/{upload}/{offset, 20 digits}-{stream}   a part of an upload, by one stream
/// videos/{video}/source-{stream}                  the video as it was uploaded, by one stream
/// videos/{video}/derived/{job}-{token}/{name}     made from a video, by one attempt
/// jobs/{job}/{token}/{name}                       a result of a job, by one attempt
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    /// The bytes of an upload from `offset` on.
    UploadPart {
        /// The upload.
        upload: Uuid,
        /// The place of the first byte of the part in the video, in bytes.
        offset: u64,
        /// The stream that brought it.
        stream: u64,
    },
    /// A video as it was uploaded.
    Source {
        /// The video.
        video: Uuid,
        /// The stream of the upload that put it together.
        stream: u64,
    },
    /// Something made from one video.
    Derived {
        /// The video.
        video: Uuid,
        /// Who made it.
        attempt: Attempt,
        /// What it is.
        name: ObjectName,
    },
    /// Something made for one job.
    Result {
        /// Who made it.
        attempt: Attempt,
        /// What it is.
        name: ObjectName,
    },
}

impl Key {
    /// The bytes of `upload` from `offset` on, as `stream` brought them. The parts of an upload sort
    /// by offset.
    pub const fn upload_part(upload: Uuid, offset: u64, stream: u64) -> Self {
        Self::UploadPart {
            upload,
            offset,
            stream,
        }
    }

    /// `video` as it was uploaded and as `stream` put it together. Two streams of one upload never
    /// write the same object, so neither can spoil what the other made.
    pub const fn source(video: Uuid, stream: u64) -> Self {
        Self::Source { video, stream }
    }

    /// What `attempt` made from `video` and calls `name`.
    pub const fn derived(video: Uuid, attempt: Attempt, name: ObjectName) -> Self {
        Self::Derived {
            video,
            attempt,
            name,
        }
    }

    /// What `attempt` made for its job and calls `name`.
    pub const fn result(attempt: Attempt, name: ObjectName) -> Self {
        Self::Result { attempt, name }
    }

    /// Reads a key that came over the wire. Only what [`Display`](fmt::Display) writes is a key:
    /// no other spelling of the same identifiers, nothing absolute, no `..`.
    pub fn parse(text: &str) -> Result<Self, InvalidKey> {
        let parts: Vec<&str> = text.split('/').collect();
        let key = match parts.as_slice() {
            ["uploads", upload, offset] => parse_upload_part(upload, offset),
            ["videos", video, source] => parse_source(video, source),
            ["videos", video, "derived", attempt, name] => parse_derived(video, attempt, name),
            ["jobs", job, token, name] => parse_result(job, token, name),
            _ => None,
        };
        key.filter(|key| key.to_string() == text)
            .ok_or_else(|| InvalidKey::new("key", text))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UploadPart {
                upload,
                offset,
                stream,
            } => write!(f, "{}/{offset:020}-{stream}", Prefix::upload(*upload)),
            Self::Source { video, stream } => {
                write!(f, "{}/source-{stream}", Prefix::video(*video))
            }
            Self::Derived {
                video,
                attempt,
                name,
            } => write!(f, "{}/{name}", Prefix::derived(*video, *attempt)),
            Self::Result { attempt, name } => write!(f, "{}/{name}", Prefix::results(*attempt)),
        }
    }
}

impl FromStr for Key {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        Self::parse(text)
    }
}

/// All keys below a folder, for listing and deleting.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Prefix(String);

impl Prefix {
    /// Everything, by kind.
    pub(crate) fn all() -> [Self; 3] {
        [Self::all_uploads(), Self::all_videos(), Self::all_jobs()]
    }

    /// Every part of every upload.
    pub fn all_uploads() -> Self {
        Self("uploads".to_owned())
    }

    /// Every source and everything derived from a video.
    pub fn all_videos() -> Self {
        Self("videos".to_owned())
    }

    /// Every result of every job.
    pub fn all_jobs() -> Self {
        Self("jobs".to_owned())
    }

    /// The parts of one upload.
    pub fn upload(upload: Uuid) -> Self {
        Self(format!("uploads/{upload}"))
    }

    /// The source of one video and everything derived from it.
    pub fn video(video: Uuid) -> Self {
        Self(format!("videos/{video}"))
    }

    /// What one attempt derived from one video.
    pub fn derived(video: Uuid, attempt: Attempt) -> Self {
        let Attempt { job, fencing_token } = attempt;
        Self(format!("videos/{video}/derived/{job}-{fencing_token}"))
    }

    /// The results of one job, by all its attempts.
    pub fn job(job: Uuid) -> Self {
        Self(format!("jobs/{job}"))
    }

    /// The results of one attempt.
    pub fn results(attempt: Attempt) -> Self {
        let Attempt { job, fencing_token } = attempt;
        Self(format!("jobs/{job}/{fencing_token}"))
    }
}

/// Without a slash at the end.
impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One lease of one job. No two leases of a job have the same fencing token, so what two attempts
/// write never meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Attempt {
    /// The job.
    pub job: Uuid,
    /// The token the catalog gave with the lease.
    pub fencing_token: u64,
}

/// What an object is, within its attempt: `embeddings.sopm`, `report.json`.
///
/// 1 to 80 characters of a-z, 0-9, `.`, `_` and `-`, of which the first is a letter or digit and
/// no two neighbours are dots.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectName(Cow<'static, str>);

impl ObjectName {
    /// A name known when the program is written.
    ///
    /// # Panics
    /// If the name breaks the rules, which fails the build where the name is a `const`.
    pub const fn from_static(name: &'static str) -> Self {
        assert!(is_name(name.as_bytes()), "not an object name");
        Self(Cow::Borrowed(name))
    }

    /// A name made while the program runs.
    pub fn parse(name: &str) -> Result<Self, InvalidKey> {
        if is_name(name.as_bytes()) {
            Ok(Self(Cow::Owned(name.to_owned())))
        } else {
            Err(InvalidKey::new("object name", name))
        }
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that names no object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a valid {expected}; use one that the catalog gave out")]
pub struct InvalidKey {
    expected: &'static str,
    text: String,
}

impl InvalidKey {
    /// Keeps the start of the text only: it may be anything a peer sent.
    fn new(expected: &'static str, text: &str) -> Self {
        Self {
            expected,
            text: text.chars().take(2 * MAX_NAME).collect(),
        }
    }
}

fn parse_upload_part(upload: &str, part: &str) -> Option<Key> {
    let (offset, stream) = part.split_once('-')?;
    let (offset, stream) = (offset.parse().ok()?, stream.parse().ok()?);
    Some(Key::upload_part(parse_uuid(upload)?, offset, stream))
}

fn parse_source(video: &str, source: &str) -> Option<Key> {
    let stream = source.strip_prefix("source-")?.parse().ok()?;
    Some(Key::source(parse_uuid(video)?, stream))
}

fn parse_derived(video: &str, attempt: &str, name: &str) -> Option<Key> {
    let (job, token) = attempt.rsplit_once('-')?;
    let attempt = parse_attempt(job, token)?;
    let name = ObjectName::parse(name).ok()?;
    Some(Key::derived(parse_uuid(video)?, attempt, name))
}

fn parse_result(job: &str, token: &str, name: &str) -> Option<Key> {
    let attempt = parse_attempt(job, token)?;
    Some(Key::result(attempt, ObjectName::parse(name).ok()?))
}

fn parse_attempt(job: &str, token: &str) -> Option<Attempt> {
    Some(Attempt {
        job: parse_uuid(job)?,
        fencing_token: token.parse().ok()?,
    })
}

fn parse_uuid(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok()
}

const fn is_name(name: &[u8]) -> bool {
    if name.is_empty() || name.len() > MAX_NAME {
        return false;
    }
    // A dot before the first character makes a leading dot a double one.
    let mut before = b'.';
    let mut at = 0;
    while at < name.len() {
        let allowed = match name[at] {
            b'a'..=b'z' | b'0'..=b'9' => true,
            b'_' | b'-' => at > 0,
            b'.' => before != b'.',
            _ => false,
        };
        if !allowed {
            return false;
        }
        before = name[at];
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const REPORT: ObjectName = ObjectName::from_static("report.json");

    fn id(n: u128) -> Uuid {
        Uuid::from_u128(n)
    }

    fn any_key() -> impl Strategy<Value = Key> {
        // Few identifiers, so that different shapes and attempts share them.
        let uuid = || prop_oneof![(0..3_u128).prop_map(id), any::<u128>().prop_map(id)];
        let token = || prop_oneof![0..12_u64, any::<u64>()];
        let attempt = move || {
            (uuid(), token()).prop_map(|(job, fencing_token)| Attempt { job, fencing_token })
        };
        let name =
            || "[a-z0-9]([._-]?[a-z0-9]){0,10}".prop_map(|name| ObjectName::parse(&name).unwrap());
        prop_oneof![
            (uuid(), token(), token())
                .prop_map(|(upload, offset, stream)| Key::upload_part(upload, offset, stream)),
            (uuid(), token()).prop_map(|(video, stream)| Key::source(video, stream)),
            (uuid(), attempt(), name()).prop_map(|(v, a, n)| Key::derived(v, a, n)),
            (attempt(), name()).prop_map(|(a, n)| Key::result(a, n)),
        ]
    }

    #[test]
    fn shapes() {
        let attempt = Attempt {
            job: id(0xb),
            fencing_token: 7,
        };
        let a = "00000000-0000-0000-0000-00000000000a";
        let b = "00000000-0000-0000-0000-00000000000b";
        let cases = [
            (
                Key::upload_part(id(0xa), 8_388_608, 2),
                format!("uploads/{a}/00000000000008388608-2"),
            ),
            (Key::source(id(0xa), 3), format!("videos/{a}/source-3")),
            (
                Key::derived(id(0xa), attempt, REPORT),
                format!("videos/{a}/derived/{b}-7/report.json"),
            ),
            (
                Key::result(attempt, REPORT),
                format!("jobs/{b}/7/report.json"),
            ),
        ];
        for (key, text) in cases {
            assert_eq!(key.to_string(), text);
        }
    }

    #[test]
    fn what_is_not_a_key_is_refused() {
        let a = "0190e0e0-1111-7222-8333-44445555666a";
        let attempt = format!("{a}-7");
        let bad = [
            String::new(),
            "/".to_owned(),
            a.to_owned(),
            format!("/videos/{a}/source-1"),
            format!("videos/{a}/source"),
            format!("videos/{a}/source-01"),
            format!("videos/{a}/source-"),
            format!("videos/{a}/source-1/"),
            format!("videos//{a}/source-1"),
            format!("videos/{a}/../{a}/source-1"),
            format!("../videos/{a}/source-1"),
            format!("videos/{a}/Source-1"),
            format!("videos/{}/source-1", a.to_uppercase()),
            format!("videos/{{{a}}}/source-1"),
            format!("videos/{}/source-1", a.replace('-', "")),
            format!("videos/{a}/derived/{attempt}"),
            format!("videos/{a}/derived/{attempt}/.."),
            format!("videos/{a}/derived/{attempt}/a..b"),
            format!("videos/{a}/derived/{attempt}/.hidden"),
            format!("videos/{a}/derived/{attempt}/a/b"),
            format!("videos/{a}/derived/{attempt}/a#1"),
            format!("videos/{a}/derived/{attempt}/a%2fb"),
            format!("videos/{a}/derived/{attempt}/a\\b"),
            format!("videos/{a}/derived/{attempt}/a\0b"),
            format!("videos/{a}/derived/{attempt}/{}", "x".repeat(81)),
            format!("videos/{a}/derived/{a}-07/report.json"),
            format!("videos/{a}/derived/{a}/report.json"),
            format!("jobs/{a}/+7/report.json"),
            format!("jobs/{a}/-7/report.json"),
            format!("jobs/{a}/18446744073709551616/report.json"),
            format!("jobs/{a}/report.json"),
            format!("uploads/{a}/8388608-1"),
            format!("uploads/{a}/00000000000008388608"),
            format!("uploads/{a}/00000000000008388608-1x"),
            format!("secrets/{a}/source-1"),
        ];
        for text in bad {
            let error = Key::parse(&text).expect_err(&text);
            assert!(error.to_string().contains("not a valid key"), "{error}");
        }
        let long = Key::parse(&"x".repeat(100_000)).unwrap_err();
        assert!(long.to_string().len() < 300);
    }

    #[test]
    fn the_longest_key_is_accepted_and_short() {
        let name = ObjectName::parse(&"x".repeat(80)).unwrap();
        let attempt = Attempt {
            job: Uuid::max(),
            fencing_token: u64::MAX,
        };
        let key = Key::derived(Uuid::max(), attempt, name);
        assert_eq!(Key::parse(&key.to_string()), Ok(key.clone()));
        assert!(key.to_string().len() < 200);
    }

    proptest! {
        #[test]
        fn a_key_survives_the_wire(key in any_key()) {
            prop_assert_eq!(Key::parse(&key.to_string()), Ok(key));
        }

        #[test]
        fn different_keys_are_different_objects(a in any_key(), b in any_key()) {
            prop_assert_eq!(a == b, a.to_string() == b.to_string());
        }

        #[test]
        fn attempts_never_meet(
            job in any::<u128>(), video in any::<u128>(),
            tokens in any::<[u64; 2]>(), other_job in any::<u128>(),
        ) {
            prop_assume!(tokens[0] != tokens[1] && job != other_job);
            let attempt = |job, fencing_token| Attempt { job: id(job), fencing_token };
            let attempts = [
                attempt(job, tokens[0]), attempt(job, tokens[1]), attempt(other_job, tokens[0]),
            ];
            for (i, a) in attempts.iter().enumerate() {
                for b in &attempts[..i] {
                    let derived = [*a, *b].map(|x| Prefix::derived(id(video), x).to_string() + "/");
                    prop_assert!(!derived[0].starts_with(&derived[1]));
                    prop_assert!(!derived[1].starts_with(&derived[0]));
                    let results = [*a, *b].map(|x| Prefix::results(x).to_string() + "/");
                    prop_assert!(!results[0].starts_with(&results[1]));
                    prop_assert!(!results[1].starts_with(&results[0]));
                }
            }
        }

        #[test]
        fn parse_never_panics_and_accepts_only_what_it_writes(text in "\\PC{0,60}") {
            if let Ok(key) = Key::parse(&text) {
                prop_assert_eq!(key.to_string(), text);
            }
        }
    }
}
