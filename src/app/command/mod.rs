//! The commands.
mod attached;
pub mod backup;
pub mod call;
pub mod check;
pub mod explain;
pub mod import;
pub mod lab;
pub mod ledger;
pub mod notify;
pub mod report;
pub mod run;

use crate::config::complaint::EXIT_CODE;
use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// A SIP emergency call router: 911, 933 and 988 with the caller's place and a number that reaches the caller.
#[derive(Debug, Parser)]
#[command(name = "callbox", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the router
    Run(run::RunArgs),
    /// Run the router with the lab's config, and the far ends that it calls, on loopback alone
    Lab,
    /// Place a call as a phone would and print its ladder
    Call(call::CallArgs),
    /// Tell everything that is wrong with a config, or what it would run
    Check(check::CheckArgs),
    /// Print how a call would be decided, without making it
    Explain(explain::ExplainArgs),
    /// Try out, preview or look at notices
    Notify(notify::NotifyArgs),
    /// Take tables from CSV files into the store, all of them or none
    Import(import::ImportArgs),
    /// Write the tables of the store as CSV files
    Export(import::ExportArgs),
    /// Write what the store holds to one file, while the router runs
    Backup(backup::BackupArgs),
    /// Put a backup into the place of all that the store holds, while the router runs
    Restore(backup::RestoreArgs),
    /// The evidence of emergency and test calls
    #[command(subcommand)]
    Ledger(ledger::LedgerCommand),
    /// What the evidence adds up to, as CSV
    #[command(subcommand)]
    Report(report::ReportCommand),
}

/// Reads the command line and runs the command.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // What is asked for, as --help, is no error; what makes no sense is EX_USAGE (sysexits.h).
            let code = if error.use_stderr() { EXIT_CODE } else { 0 };
            let _printed = error.print();
            return ExitCode::from(code);
        }
    };
    match cli.command {
        Command::Run(args) => run::run(args),
        Command::Lab => lab::run(),
        Command::Call(args) => call::run(args),
        Command::Check(args) => check::run(&args),
        Command::Explain(args) => explain::run(args),
        Command::Notify(args) => notify::run(args),
        Command::Import(args) => import::import(args),
        Command::Export(args) => import::export(&args),
        Command::Backup(args) => backup::backup(&args),
        Command::Restore(args) => backup::restore(args),
        Command::Ledger(command) => ledger::run(&command),
        Command::Report(command) => report::run(&command),
    }
}
