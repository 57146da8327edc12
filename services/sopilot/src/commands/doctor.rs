//! `sopilot doctor`: whether this machine has what SOPilot needs, and what to do where it has not.

use std::{
    fs, io,
    net::{Ipv4Addr, TcpListener},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use serde_json::{Value, json};
use sopilot_proto::catalog::v1::ListTasksRequest;
use sopilot_report::Fonts;
use sopilot_video::Ffmpeg;

use crate::{
    arguments::Server,
    client::Catalog,
    error::{Error, Result},
    exit::Exit,
    interrupt::Interrupt,
    mesh::MeshConfig,
    output::Output,
    text::{bytes, counted, safe},
};

/// Check whether this machine has what SOPilot needs, and say what to do where it has not
///
/// Ends with 78 if something is missing without which nothing works.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sopilot doctor
  sopilot doctor --data-dir /srv/sopilot --output json
")]
pub(crate) struct DoctorArgs {
    /// Where videos and scores are to be kept
    #[arg(long, value_name = "DIR", default_value = "sopilot-data")]
    data_dir: PathBuf,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    server: Server,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Health {
    /// As it should be, or not needed.
    Fine,
    /// Something will not work.
    Lacking,
    /// Nothing will work.
    Broken,
}

/// What was looked at, how it is, and what to do.
#[derive(Debug)]
struct Finding {
    what: &'static str,
    health: Health,
    seen: String,
    advice: Option<&'static str>,
}

impl Finding {
    fn fine(what: &'static str, seen: impl Into<String>) -> Self {
        Self {
            what,
            health: Health::Fine,
            seen: seen.into(),
            advice: None,
        }
    }

    fn bad(
        what: &'static str,
        health: Health,
        seen: impl Into<String>,
        advice: &'static str,
    ) -> Self {
        Self {
            what,
            health,
            seen: seen.into(),
            advice: Some(advice),
        }
    }
}

/// Runs the command.
pub(crate) async fn run(args: &DoctorArgs) -> Result<()> {
    let server = Interrupt::new()?
        .guard(async { Ok(server(args).await) })
        .await?;
    let usual = format!(":{}", MeshConfig::default().listen.catalog);
    let is_served = server.health == Health::Fine && args.server.server.ends_with(&usual);
    let findings = [
        ffmpeg(),
        folder(&args.data_dir),
        space(&args.data_dir),
        cores(),
        ports(is_served),
        server,
        fonts(),
        gpu(),
        Finding::fine(
            "LibTorch",
            "not part of this build, and not needed: embeddings come from the descriptor",
        ),
        Finding::fine("Broker", "not needed: jobs go through this process"),
        Finding::fine("Database", "not needed: SQLite in the data folder"),
    ];
    args.output
        .print(|| for_programs(&findings), || told(&findings))?;
    let broken = findings
        .iter()
        .filter(|finding| finding.health == Health::Broken)
        .count();
    if broken > 0 {
        let message = format!(
            "{} without which nothing works: see above",
            counted(broken, "thing")
        );
        return Err(Error::new(Exit::CONFIG, message));
    }
    Ok(())
}

fn ffmpeg() -> Finding {
    let config = MeshConfig::default();
    match Ffmpeg::locate(config.embedding.ffmpeg.as_deref()) {
        Ok(found) => Finding::fine(
            "ffmpeg",
            format!("{} at {}", found.version(), found.ffmpeg_path().display()),
        ),
        Err(error) => Finding::bad(
            "ffmpeg",
            Health::Broken,
            error.to_string(),
            "install it, on Debian with: apt-get install ffmpeg",
        ),
    }
}

fn folder(folder: &Path) -> Finding {
    const WHAT: &str = "Data folder";
    let name = folder.display();
    // Where it is not there yet, it will be made in what is.
    let there = existing(folder);
    if folder.exists() && !folder.is_dir() {
        return Finding::bad(
            WHAT,
            Health::Broken,
            format!("{name} is no folder"),
            "name another one with --data-dir",
        );
    }
    match tempfile::tempfile_in(there) {
        Ok(_) if folder.is_dir() => Finding::fine(WHAT, format!("{name} can be written")),
        Ok(_) => Finding::fine(WHAT, format!("{name} does not exist yet and can be made")),
        Err(error) => Finding::bad(
            WHAT,
            Health::Broken,
            format!("{name} cannot be written: {error}"),
            "name another one with --data-dir, or change who may write there",
        ),
    }
}

/// The folder, or the nearest one above it that exists.
fn existing(folder: &Path) -> &Path {
    let there = folder.ancestors().find(|folder| folder.is_dir());
    there.unwrap_or(Path::new("."))
}

/// A two-hour video with everything made from it takes about two.
const ENOUGH_BYTES: u64 = 5 << 30;

fn space(folder: &Path) -> Finding {
    const WHAT: &str = "Disk";
    let Ok(disk) = rustix::fs::statvfs(existing(folder)) else {
        return Finding::bad(
            WHAT,
            Health::Lacking,
            "the free space cannot be read",
            "check that the disk is there",
        );
    };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    let seen = format!("{} free", bytes(free));
    if free < ENOUGH_BYTES {
        return Finding::bad(
            WHAT,
            Health::Lacking,
            seen,
            "make room: 5 GiB is a good beginning",
        );
    }
    Finding::fine(WHAT, seen)
}

fn cores() -> Finding {
    const WHAT: &str = "Processors";
    match std::thread::available_parallelism() {
        Ok(count) => Finding::fine(WHAT, count.to_string()),
        Err(error) => Finding::fine(WHAT, format!("unknown ({error}); one is used")),
    }
}

fn ports(is_served: bool) -> Finding {
    const WHAT: &str = "Ports";
    let listen = MeshConfig::default().listen;
    let ports = [
        listen.catalog,
        listen.embedding,
        listen.alignment,
        listen.scoring,
    ];
    let is_taken = |port: &&u16| {
        let tried = TcpListener::bind((Ipv4Addr::LOCALHOST, **port));
        matches!(tried, Err(error) if error.kind() == io::ErrorKind::AddrInUse)
    };
    let taken: Vec<String> = ports.iter().filter(is_taken).map(u16::to_string).collect();
    let all = format!("{} to {} on loopback", ports[0], ports[3]);
    match (taken.is_empty(), is_served) {
        (true, _) => Finding::fine(WHAT, format!("{all} are free")),
        (false, true) => Finding::fine(WHAT, format!("{} serve SOPilot", taken.join(", "))),
        (false, false) => Finding::bad(
            WHAT,
            Health::Lacking,
            format!("taken by another program: {}", taken.join(", ")),
            "choose others: sopilot serve --set listen.catalog=8410, or end that program; sopilot score needs none of them",
        ),
    }
}

/// A server that does not answer by then is none.
const PATIENCE: Duration = Duration::from_secs(3);

async fn server(args: &DoctorArgs) -> Finding {
    const WHAT: &str = "Server";
    let uri = safe(&args.server.server);
    let asked = async {
        let request = ListTasksRequest {
            page_size: 1,
            ..ListTasksRequest::default()
        };
        Catalog::connect(&args.server.server)?
            .list_tasks(request)
            .await
    };
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(_)) => Finding::fine(WHAT, format!("{uri} answers")),
        Ok(Err(error)) if error.exit == Exit::USAGE => Finding::bad(
            WHAT,
            Health::Lacking,
            error.message,
            "give an address such as http://127.0.0.1:7410 with --server or SOPILOT_SERVER",
        ),
        _ => Finding::bad(
            WHAT,
            Health::Lacking,
            format!("{uri} does not answer"),
            "start one with sopilot serve; sopilot score, demo and sop need none",
        ),
    }
}

fn fonts() -> Finding {
    const WHAT: &str = "Fonts";
    if Fonts::with_system().shows('手') {
        return Finding::fine(WHAT, "those for Japanese are there");
    }
    Finding::bad(
        WHAT,
        Health::Lacking,
        "none for Japanese: PDFs will show other signs in place of its characters",
        "install one if you need it, on Debian with: apt-get install fonts-noto-cjk",
    )
}

fn gpu() -> Finding {
    const WHAT: &str = "GPU";
    match fs::read_to_string("/proc/driver/nvidia/version") {
        Ok(text) => {
            let line = text.lines().next().unwrap_or_default();
            Finding::fine(
                WHAT,
                format!("{}; this build computes on the CPU", safe(line)),
            )
        }
        Err(_) => Finding::fine(WHAT, "none, and not needed: this build computes on the CPU"),
    }
}

const GREEN: &str = "\x1b[32m";
const YELLOW: &str = "\x1b[33m";
const RED: &str = "\x1b[31m";
const RESET: &str = "\x1b[0m";

fn told(findings: &[Finding]) -> String {
    findings.iter().fold(String::new(), |text, finding| {
        let (colour, mark) = match finding.health {
            Health::Fine => (GREEN, "ok     "),
            Health::Lacking => (YELLOW, "lacking"),
            Health::Broken => (RED, "BROKEN "),
        };
        let advice = finding
            .advice
            .map_or_else(String::new, |advice| format!("{:21}{advice}\n", ""));
        format!(
            "{text}{colour}{mark}{RESET}  {:11} {}\n{advice}",
            finding.what,
            safe(&finding.seen)
        )
    })
}

fn for_programs(findings: &[Finding]) -> Value {
    let health = |health| match health {
        Health::Fine => "ok",
        Health::Lacking => "lacking",
        Health::Broken => "broken",
    };
    let findings = findings.iter().map(|finding| {
        json!({
            "what": finding.what,
            "health": health(finding.health),
            "seen": finding.seen,
            "advice": finding.advice,
        })
    });
    json!({ "findings": findings.collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_cannot_be_made_is_told() {
        assert_eq!(folder(Path::new("/proc/version")).health, Health::Broken);
        assert_eq!(
            folder(Path::new("/proc/sopilot/data")).health,
            Health::Broken
        );
        let here = tempfile::tempdir().unwrap();
        assert_eq!(folder(&here.path().join("a/b")).health, Health::Fine);
        assert_eq!(existing(&here.path().join("a/b")), here.path());
    }

    #[test]
    fn what_is_lacking_comes_with_advice() {
        let findings = [
            Finding::fine("Disk", "1 TiB free"),
            Finding::bad("Ports", Health::Lacking, "7410 is taken", "choose another"),
        ];
        let text = anstream::adapter::strip_str(&told(&findings)).to_string();
        assert_eq!(
            text,
            "ok       Disk        1 TiB free\nlacking  Ports       7410 is taken\n                     choose another\n"
        );
    }
}
