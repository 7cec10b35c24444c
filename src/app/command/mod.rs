//! The commands.
pub mod call;
pub mod lab;

/// Reads the command line and runs the command.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::SUCCESS
}
