//! `callbox report`: what the receipts add up to, as CSV.
use super::ledger::{Span, with_book};
use crate::config::world;
use crate::edge::database::Trouble;
use crate::edge::ledger::{Book, Chosen, misdials, relay_calls};
use crate::record::site::Bearer;
use clap::{Args, Subcommand};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What can be reported.
#[derive(Clone, Debug, Subcommand)]
pub enum ReportCommand {
    /// Emergency calls that the relay center took, by organisation, cause and who pays
    Relay(RelayArgs),
    /// Lines and dial plans with emergency calls that were given up at once
    Misdials(MisdialArgs),
}

/// What `callbox report relay` takes.
#[derive(Clone, Debug, Args)]
pub struct RelayArgs {
    /// The config
    #[arg(long, default_value = "conf/callbox.toml", value_name = "FILE")]
    pub config: PathBuf,
    /// Which calls
    #[command(flatten)]
    pub span: Span,
    /// What the relay center asks for a call, in hundredths of your currency
    #[arg(long, value_name = "CENTS", default_value_t = 0)]
    pub price: u32,
}

/// What `callbox report misdials` takes.
#[derive(Clone, Debug, Args)]
pub struct MisdialArgs {
    /// The config
    #[arg(long, default_value = "conf/callbox.toml", value_name = "FILE")]
    pub config: PathBuf,
    /// Which calls
    #[command(flatten)]
    pub span: Span,
    /// How soon a call is over that was not meant; by who hung up and the config of that time if left out
    #[arg(long, value_name = "SECS")]
    pub within: Option<u32>,
}

/// Prints a report.
pub fn run(command: &ReportCommand) -> ExitCode {
    match command {
        ReportCommand::Relay(args) => {
            let bearers = bearers(&args.config);
            with_book(&args.config, |book| relay(book, &args.span.chosen(), &bearers, args.price))
        }
        ReportCommand::Misdials(args) => {
            let within_us = args.within.map(|secs| u64::from(secs) * 1_000_000);
            with_book(&args.config, |book| short(book, &args.span.chosen(), within_us))
        }
    }
}

/// Who pays, by organisation. Of a config that does not load, the usual.
fn bearers(config: &Path) -> HashMap<String, Bearer> {
    let organisations = world::load(config).map(|world| world.tables.organisations).unwrap_or_default();
    organisations.iter().map(|one| (one.id.to_string(), one.relay_bearer)).collect()
}

fn relay(book: &Book, chosen: &Chosen, bearers: &HashMap<String, Bearer>, price: u32) -> Result<ExitCode, Trouble> {
    let counted = relay_calls(book, chosen)?;
    print_row(["organisation", "bearer", "cause", "calls", "customer_pays", "partner_pays"]);
    for ((organisation, cause), calls) in &counted.calls {
        let bearer = bearers.get(organisation).copied().unwrap_or_default();
        let (customer, partner) = shares(bearer, calls * u64::from(price));
        let row = [organisation, bearer.text(), cause, &calls.to_string(), &money(customer), &money(partner)];
        print_row(row);
    }
    warn(counted.let_go);
    Ok(ExitCode::SUCCESS)
}

/// What the customer and the partner pay. The odd cent is the customer's.
fn shares(bearer: Bearer, cents: u64) -> (u64, u64) {
    match bearer {
        Bearer::Customer => (cents, 0),
        Bearer::Partner => (0, cents),
        Bearer::Split => (cents - cents / 2, cents / 2),
    }
}

fn money(cents: u64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn short(book: &Book, chosen: &Chosen, within_us: Option<u64>) -> Result<ExitCode, Trouble> {
    let counted = misdials(book, chosen, within_us)?;
    let mut rows: Vec<_> = counted.calls.iter().collect();
    rows.sort_by_key(|(key, (_, short))| (core::cmp::Reverse(*short), *key));
    print_row(["organisation", "site", "caller", "dialled", "calls", "short"]);
    for ([organisation, site, caller, dialled], (all, short)) in rows {
        print_row([organisation, site, caller, dialled, &all.to_string(), &short.to_string()]);
    }
    warn(counted.let_go);
    Ok(ExitCode::SUCCESS)
}

/// Ids and numbers have no comma and no quote; whatever else comes is quoted as CSV has it.
fn print_row<const N: usize>(cells: [&str; N]) {
    let quoted = cells.map(|cell| match cell.contains(['"', ',', '\n']) {
        true => format!("\"{}\"", cell.replace('"', "\"\"")),
        false => cell.to_owned(),
    });
    println!("{}", quoted.join(","));
}

fn warn(let_go: u64) {
    if let_go > 0 {
        eprintln!("callbox: {let_go} receipts of this time have let go of their contents and are not counted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_bears_it_every_cent_is_paid_once() {
        for (bearer, paid) in [(Bearer::Customer, (75, 0)), (Bearer::Partner, (0, 75)), (Bearer::Split, (38, 37))] {
            assert_eq!(shares(bearer, 75), paid);
        }
        assert_eq!((money(7505), money(0)), ("75.05".into(), "0.00".into()));
    }
}
