//! What is done to the subprocess between fork and exec, so that a decoder that is taken over has nothing to take.
//!
//! The only file with `unsafe` in it: code after fork, and three system calls that have no safe wrapper.
#![allow(unsafe_code)]

use std::{
    fs::File,
    io,
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

use landlock::{
    ABI, Access, AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr,
    RulesetCreatedAttr,
};
use rustix::process::{Resource, Rlimit, Signal};

/// Limits of one subprocess.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cage {
    pub memory_bytes: u64,
    pub cpu_seconds: u64,
    /// Restrict what the subprocess may open. Switched off only where ffmpeg cannot start with it.
    pub landlock: bool,
}

/// Open files that ffmpeg and the libraries it loads need at one time, with room to spare.
const OPEN_FILES: u64 = 64;

/// Arranges that `command` will run in the cage, reading nothing but `input`.
pub(crate) fn confine(command: &mut Command, cage: Cage, input: Option<&File>) {
    let ruleset = cage
        .landlock
        .then(|| landlock_ruleset(Path::new(command.get_program()), input))
        .flatten();
    let filter = seccomp_filter();
    let owner = rustix::process::getpid();
    let enter = move || {
        limit(Resource::As, cage.memory_bytes)?;
        // One second later the kernel kills outright, should SIGXCPU be ignored.
        rustix::process::setrlimit(
            Resource::Cpu,
            Rlimit {
                current: Some(cage.cpu_seconds),
                maximum: Some(cage.cpu_seconds + 1),
            },
        )?;
        limit(Resource::Fsize, 0)?;
        limit(Resource::Core, 0)?;
        limit(Resource::Nofile, OPEN_FILES)?;
        rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
        // The parent may have died before the line above took effect.
        if rustix::process::getppid() != Some(owner) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        close_on_exec_all();
        rustix::thread::set_no_new_privs(true)?;
        if let Some(ruleset) = &ruleset {
            restrict_files(ruleset)?;
        }
        restrict_calls(&filter)
    };
    // SAFETY: between fork and exec only async-signal-safe work is allowed. The closure makes system calls on values
    // that were prepared before the fork; it neither allocates nor locks (`io::ErrorKind` converts without a box).
    unsafe { command.pre_exec(enter) };
}

fn limit(resource: Resource, value: u64) -> io::Result<()> {
    Ok(rustix::process::setrlimit(
        resource,
        Rlimit {
            current: Some(value),
            maximum: Some(value),
        },
    )?)
}

/// Rust opens everything close-on-exec; libraries in other languages in this process may not.
fn close_on_exec_all() {
    // SAFETY: close_range takes three integers and touches no memory. It only sets a flag, so that the pipe through
    // which the standard library reports a failed exec stays usable. Kernels before 5.11 answer EINVAL or ENOSYS,
    // and the flag that Rust sets itself has to do.
    unsafe {
        libc::syscall(
            libc::SYS_close_range,
            3_u32,
            u32::MAX,
            libc::CLOSE_RANGE_CLOEXEC,
        )
    };
}

/// A Landlock ruleset that allows to read `input` and the system's libraries and to execute `program`; `None` where
/// the kernel has no Landlock, which leaves the other walls.
fn landlock_ruleset(program: &Path, input: Option<&File>) -> Option<OwnedFd> {
    let built = (|| -> Result<Option<OwnedFd>, landlock::RulesetError> {
        let access = AccessFs::from_all(ABI::V5);
        let mut ruleset = Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(access)?
            .create()?;
        let load = AccessFs::ReadFile | AccessFs::ReadDir | AccessFs::Execute;
        for directory in library_directories(program) {
            if let Ok(fd) = PathFd::new(&directory) {
                ruleset = ruleset.add_rule(PathBeneath::new(fd, load))?;
            }
        }
        for (path, access) in [
            (program, AccessFs::ReadFile | AccessFs::Execute),
            (Path::new("/etc/ld.so.cache"), AccessFs::ReadFile.into()),
        ] {
            if let Ok(fd) = PathFd::new(path) {
                ruleset = ruleset.add_rule(PathBeneath::new(fd, access))?;
            }
        }
        if let Some(file) = input {
            ruleset = ruleset.add_rule(PathBeneath::new(file, AccessFs::ReadFile))?;
        }
        Ok(ruleset.into())
    })();
    built.unwrap_or_else(|error| {
        tracing::debug!(%error, "no Landlock for this subprocess");
        None
    })
}

/// Where programs keep shared libraries, and the program's own prefix.
fn library_directories(program: &Path) -> Vec<PathBuf> {
    const SYSTEM: [&str; 7] = [
        "/lib",
        "/lib64",
        "/usr/lib",
        "/usr/lib64",
        "/usr/local/lib",
        "/nix/store",
        "/gnu/store",
    ];
    let own = program
        .parent()
        .and_then(Path::parent)
        .map(|prefix| prefix.join("lib"));
    SYSTEM.iter().map(PathBuf::from).chain(own).collect()
}

fn restrict_files(ruleset: &OwnedFd) -> io::Result<()> {
    // SAFETY: landlock_restrict_self takes a descriptor that `ruleset` keeps open, and a zero.
    let status =
        unsafe { libc::syscall(libc::SYS_landlock_restrict_self, ruleset.as_raw_fd(), 0_u32) };
    if status == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// System calls that a decoder has no use for and an intruder would: sockets, and reaching into other processes.
const DENIED_CALLS: [libc::c_long; 10] = [
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_io_uring_setup,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_bpf,
    libc::SYS_unshare,
    libc::SYS_kill,
];

#[cfg(target_arch = "x86_64")]
const AUDIT_ARCH: Option<u32> = Some(0xC000_003E);
#[cfg(target_arch = "aarch64")]
const AUDIT_ARCH: Option<u32> = Some(0xC000_00B7);
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
const AUDIT_ARCH: Option<u32> = None;

/// A seccomp program that answers EPERM to [`DENIED_CALLS`] and kills whoever changes the calling convention; empty on
/// architectures whose numbers are not listed here.
fn seccomp_filter() -> Vec<libc::sock_filter> {
    const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const AT_LEAST: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    // struct seccomp_data: int nr; __u32 arch; …
    const CALL_OFFSET: u32 = 0;
    const ARCH_OFFSET: u32 = 4;
    // On x86-64 the x32 convention has the same architecture and other numbers, from this bit on.
    const X32: u32 = 0x4000_0000;
    let Some(arch) = AUDIT_ARCH else {
        return Vec::new();
    };
    let step = |code, k, jt, jf| libc::sock_filter { code, jt, jf, k };
    let denied = DENIED_CALLS.len() as u8;
    let mut program = vec![
        step(LOAD, ARCH_OFFSET, 0, 0),
        step(EQUAL, arch, 1, 0),
        step(RETURN, libc::SECCOMP_RET_KILL_PROCESS, 0, 0),
        step(LOAD, CALL_OFFSET, 0, 0),
        step(AT_LEAST, X32, denied + 1, 0),
    ];
    // A hit jumps over the remaining tests and over "allow".
    program.extend((0..denied).map(|index| {
        step(
            EQUAL,
            DENIED_CALLS[usize::from(index)] as u32,
            denied - index,
            0,
        )
    }));
    program.push(step(RETURN, libc::SECCOMP_RET_ALLOW, 0, 0));
    program.push(step(
        RETURN,
        libc::SECCOMP_RET_ERRNO | libc::EPERM as u32,
        0,
        0,
    ));
    program
}

fn restrict_calls(filter: &[libc::sock_filter]) -> io::Result<()> {
    if filter.is_empty() {
        return Ok(());
    }
    let program = libc::sock_fprog {
        len: filter.len() as u16,
        filter: filter.as_ptr().cast_mut(),
    };
    // SAFETY: `program` points to `filter`, which outlives the call; the kernel copies and checks it and writes to
    // neither. no_new_privs is set, which the call demands of an unprivileged process.
    let status = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            std::ptr::from_ref(&program),
        )
    };
    match status {
        0 => Ok(()),
        // A kernel built without seccomp. The other walls stand.
        _ if io::Error::last_os_error().raw_os_error() == Some(libc::EINVAL) => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
