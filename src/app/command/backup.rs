//! `callbox backup` and `callbox restore`: the store as one file, and back, while the router runs.
use super::import::{refuse, whoever};
use crate::config::import::{self, Refused};
use crate::edge::store;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;

/// What `callbox backup` takes.
#[derive(Clone, Debug, Args)]
pub struct BackupArgs {
    /// The file to write; it must not be there yet
    #[arg(value_name = "FILE")]
    pub to: PathBuf,
    /// The config, which names the store
    #[arg(long, default_value = "conf/callbox.toml", value_name = "FILE")]
    pub config: PathBuf,
}

/// What `callbox restore` takes.
#[derive(Clone, Debug, Args)]
pub struct RestoreArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    pub from: PathBuf,
    /// The config, which names the store
    #[arg(long, default_value = "conf/callbox.toml", value_name = "FILE")]
    pub config: PathBuf,
    /// Who makes the change; your user name if left out
    #[arg(long, value_name = "NAME")]
    pub author: Option<String>,
}

/// Writes a backup.
pub fn backup(args: &BackupArgs) -> ExitCode {
    let done = import::open(&args.config).and_then(|store| {
        let version = store.version()?;
        store::back_up(&store, &args.to)?;
        Ok::<_, Refused>(version)
    });
    match done {
        Ok(version) => {
            println!("version {version} is in {}", args.to.display());
            ExitCode::SUCCESS
        }
        Err(refused) => refuse(&refused),
    }
}

/// Restores a backup.
pub fn restore(args: RestoreArgs) -> ExitCode {
    match import::restore(&args.config, &args.from, &args.author.unwrap_or_else(whoever)) {
        Ok(version) => {
            println!("version {version}");
            ExitCode::SUCCESS
        }
        Err(refused) => refuse(&refused),
    }
}
