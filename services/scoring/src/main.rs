//! The scoring service as a process of its own.

fn main() -> std::process::ExitCode {
    sopilot_process::main::<sopilot_scoring::Process>()
}
