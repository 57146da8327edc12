//! The thread that starts all subprocesses.

use std::{
    io,
    process::{Child, Command},
    sync::{OnceLock, mpsc},
};

/// Spawns from a thread that lives as long as this process.
///
/// The subprocess is to die with its parent (`PR_SET_PDEATHSIG`), but the kernel takes the parent to be the *thread*
/// that forked, and threads of a blocking pool come and go while a decoder lives on.
pub(super) fn spawn_from_lasting_thread(command: Command) -> io::Result<Child> {
    type Request = (Command, mpsc::SyncSender<io::Result<Child>>);
    static SPAWNER: OnceLock<mpsc::Sender<Request>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (sender, requests) = mpsc::channel::<Request>();
        let serve = move || {
            for (mut command, reply) in requests {
                // Nobody waits for the reply only if the asking thread is gone, and then the child shall go too.
                if let Err(mpsc::SendError(Ok(mut orphan))) = reply.send(command.spawn()) {
                    let _ = orphan.kill();
                    let _ = orphan.wait();
                }
            }
        };
        // Should the thread not start, `requests` is dropped and every spawn below reports it.
        let _ = std::thread::Builder::new()
            .name("ffmpeg-spawner".into())
            .spawn(serve);
        sender
    });
    let (reply, answer) = mpsc::sync_channel(1);
    let gone = || io::Error::other("the thread that starts ffmpeg is not running");
    spawner.send((command, reply)).map_err(|_| gone())?;
    answer.recv().map_err(|_| gone())?
}
