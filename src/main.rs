//! The `callbox` binary: reads the command line and hands over to [`callbox::app`].

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    callbox::app::command::main()
}
