//! The embedding service as a process of its own.

fn main() -> std::process::ExitCode {
    sopilot_process::main::<sopilot_embedding::Process>()
}
