//! `callbox run`: the router alone.
use crate::app::build;
use crate::config::complaint::EXIT_CODE;
use crate::config::{self, Complaint, World};
use crate::edge::hands::SideBySide;
use clap::Args;
use core::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `callbox run` takes.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// The config
    #[arg(long, default_value = "conf/callbox.toml", value_name = "FILE")]
    pub config: PathBuf,
}

/// Runs the router until it is told to leave.
pub fn run(args: RunArgs) -> ExitCode {
    let path = args.config.clone();
    match config::world::load_by(SideBySide, &args.config) {
        Ok(world) => start(world, Box::new(move || config::world::load(&path)), |listening| {
            println!("callbox ready on {}", list(listening));
        }),
        Err(complaints) => complain(&complaints),
    }
}

/// Runs a node of this world; `reading` reads it anew at SIGHUP.
pub fn start(world: World, reading: build::Reading, ready: impl FnOnce(&[SocketAddr])) -> ExitCode {
    match build::run(world, reading, ready) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!(
                "callbox: {error}; is another callbox running, or are the listeners' addresses not this machine's?"
            );
            ExitCode::FAILURE
        }
    }
}

/// Prints every complaint.
pub fn complain(complaints: &[Complaint]) -> ExitCode {
    for complaint in complaints {
        eprintln!("{complaint}");
    }
    ExitCode::from(EXIT_CODE)
}

/// Addresses in a row, each once.
pub fn list(addresses: &[SocketAddr]) -> String {
    let mut texts: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    texts.sort();
    texts.dedup();
    texts.join(", ")
}
