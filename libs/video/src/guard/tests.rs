//! The guard around a shell, which does what it is told.

use super::*;

fn shell(script: &str, budget: Budget, cancel: CancelToken) -> Guarded {
    Guarded::spawn(
        Path::new("/bin/sh"),
        vec!["-c".into(), script.into()],
        None,
        budget,
        cancel,
    )
    .unwrap()
}

fn budget() -> Budget {
    Budget {
        wall_seconds: 60.0,
        cpu_seconds: 60.0,
        memory_bytes: 1 << 30,
        landlock: false,
    }
}

#[test]
fn a_flood_of_messages_neither_blocks_nor_grows() {
    let mut process = shell(
        "i=0; while [ $i -lt 20000 ]; do echo message-$i >&2; i=$((i+1)); done; echo done",
        budget(),
        CancelToken::default(),
    );
    assert_eq!(process.read_all(100).unwrap(), b"done\n");
    process.finish().unwrap();
    assert!(
        process.log.text().contains("message-0 ") && process.log.text().contains("message-19999")
    );
}

#[test]
fn output_beyond_the_limit_is_refused() {
    let mut process = shell("echo 0123456789", budget(), CancelToken::default());
    assert!(matches!(
        process.read_all(5),
        Err(VideoError::OutputLimit { bytes: 5 })
    ));
}

#[test]
fn the_wall_clock_stops_a_process_that_does_nothing() {
    let tight = Budget {
        wall_seconds: 0.1,
        ..budget()
    };
    let mut process = shell("exec sleep 600", tight, CancelToken::default());
    let error = process.read_all(10).unwrap_err();
    assert!(matches!(
        error,
        VideoError::TimeLimit {
            clock: Clock::Wall,
            ..
        }
    ));
    assert!(!error.is_permanent());
}

#[test]
fn the_processor_clock_stops_a_process_that_spins() {
    let tight = Budget {
        cpu_seconds: 1.0,
        ..budget()
    };
    let mut process = shell("while :; do :; done", tight, CancelToken::default());
    process.read_all(10).unwrap();
    let error = process.finish().unwrap_err();
    assert!(matches!(
        error,
        VideoError::TimeLimit {
            clock: Clock::Cpu,
            ..
        }
    ));
}

#[test]
fn a_cancelled_process_ends_and_is_gone() {
    let cancel = CancelToken::default();
    let mut process = shell("echo $$; exec sleep 600", budget(), cancel.clone());
    let mut line = [0; 2];
    process.fill(&mut line).unwrap();
    let pid = Pid::from_raw(process.child.id() as i32).unwrap();
    cancel.cancel();
    assert!(matches!(process.finish(), Err(VideoError::Cancelled)));
    drop(process);
    assert!(rustix::process::test_kill_process(pid).is_err());
}

#[test]
fn the_thread_that_asked_may_end() {
    let start = || shell("exec cat /dev/zero", budget(), CancelToken::default());
    let mut process = std::thread::spawn(start).join().unwrap();
    // More than the pipe holds, so somebody must still be writing.
    let mut buffer = vec![1; 4 * PIPE_BYTES];
    assert_eq!(process.fill(&mut buffer).unwrap(), buffer.len());
}

#[test]
fn the_environment_is_empty_and_no_descriptor_is_inherited() {
    let leak = File::open("/dev/null").unwrap();
    rustix::io::fcntl_setfd(&leak, rustix::io::FdFlags::empty()).unwrap();
    let mut process = shell(
        "env; echo /proc/self/fd/*; ulimit -f; ulimit -c; exit 3",
        budget(),
        CancelToken::default(),
    );
    let said = String::from_utf8(process.read_all(4096).unwrap()).unwrap();
    assert!(
        !said.contains("HOME=") && !said.contains("PATH=/root"),
        "{said}"
    );
    // The shell itself holds 3 while it lists the directory.
    assert!(
        said.contains("/fd/0 /proc/self/fd/1 /proc/self/fd/2") && !said.contains("/fd/4"),
        "{said}"
    );
    assert!(said.ends_with("\n0\n0\n"), "{said}");
    assert!(matches!(process.finish(), Err(VideoError::Corrupt)));
}

#[test]
fn nothing_but_the_input_can_be_opened() {
    let folder = tempfile::tempdir().unwrap();
    let [video, secret] = ["video", "secret"].map(|name| {
        let path = folder.path().join(name);
        std::fs::write(&path, format!("{name}\n")).unwrap();
        path
    });
    let script = format!(
        "read line < /proc/self/fd/0 && echo $line; if read line < {}; then echo opened; else echo denied; fi",
        secret.display()
    );
    let arguments = vec!["-c".into(), script.into()];
    let budget = Budget {
        landlock: true,
        ..budget()
    };
    let input = File::open(video).unwrap();
    let shell = Path::new("/bin/sh").canonicalize().unwrap();
    let mut process = Guarded::spawn(
        &shell,
        arguments,
        Some(&input),
        budget,
        CancelToken::default(),
    )
    .unwrap();
    let said = String::from_utf8(process.read_all(4096).unwrap()).unwrap();
    let expected = if has_landlock() {
        "video\ndenied\n"
    } else {
        "video\nopened\n"
    };
    assert_eq!(said, expected);
}

fn has_landlock() -> bool {
    use landlock::{ABI, Access, AccessFs, CompatLevel, Compatible, Ruleset, RulesetAttr};
    let strict = Ruleset::default().set_compatibility(CompatLevel::HardRequirement);
    strict
        .handle_access(AccessFs::from_all(ABI::V1))
        .and_then(Ruleset::create)
        .is_ok()
}

#[test]
fn no_socket_can_be_made() {
    let python = "import socket\ntry:\n socket.socket()\n print('made')\nexcept PermissionError:\n print('denied')";
    let script = format!(
        "perl -e 'use Socket; print socket(S, PF_INET, SOCK_STREAM, 0) ? \"made\" : \"denied\"' || python3 -c \"{python}\""
    );
    let mut process = shell(&script, budget(), CancelToken::default());
    let said = process.read_all(4096).unwrap();
    assert_eq!(String::from_utf8_lossy(&said).trim(), "denied");
}
