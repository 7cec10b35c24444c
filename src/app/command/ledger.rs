//! `callbox ledger`: whether the evidence is what was sealed, and what it says.
use super::run::complain;
use crate::app::build::state_folder;
use crate::app::evidence::FILE;
use crate::base::now::Wall;
use crate::config::complaint::EXIT_CODE;
use crate::config::file;
use crate::edge::database::Trouble;
use crate::edge::ledger::{Book, Chosen, Kept, Link};
use clap::{Args, Subcommand};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What can be done with the ledger.
#[derive(Clone, Debug, Subcommand)]
pub enum LedgerCommand {
    /// Look through the whole ledger: whether an entry is missing or changed
    Verify(VerifyArgs),
    /// Write entries as JSON, one a line
    Export(ExportArgs),
}

/// What `callbox ledger verify` takes.
#[derive(Clone, Debug, Args)]
pub struct VerifyArgs {
    /// The config, which names the folder of the ledger
    #[arg(long, default_value = "conf/callbox.toml", value_name = "FILE")]
    pub config: PathBuf,
    /// A head that was told before, here or in the log: its entry must still be there
    #[arg(long, value_name = "HEAD")]
    pub head: Option<String>,
}

/// What `callbox ledger export` takes.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// The config, which names the folder of the ledger
    #[arg(long, default_value = "conf/callbox.toml", value_name = "FILE")]
    pub config: PathBuf,
    /// Which entries
    #[command(flatten)]
    pub span: Span,
}

/// Which entries are meant.
#[derive(Clone, Debug, Args)]
pub struct Span {
    /// Calls from this moment on: 2026-11-01 or 2026-11-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub from: Option<Wall>,
    /// Calls before this moment
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub to: Option<Wall>,
    /// Calls of this organisation alone
    #[arg(long, value_name = "ID")]
    pub organisation: Option<String>,
}

impl Span {
    /// The entries that are meant.
    pub fn chosen(&self) -> Chosen {
        Chosen { from: self.from, to: self.to, organisation: self.organisation.clone() }
    }
}

/// Carries out what is asked. 1 when an entry is wrong or the ledger cannot be read, 64 when the config is wrong.
pub fn run(command: &LedgerCommand) -> ExitCode {
    match command {
        LedgerCommand::Verify(args) => with_book(&args.config, |book| verify(book, args.head.as_deref())),
        LedgerCommand::Export(args) => with_book(&args.config, |book| export(book, &args.span.chosen())),
    }
}

/// Does something with the ledger of a config.
pub(super) fn with_book(config: &Path, work: impl FnOnce(&Book) -> Result<ExitCode, Trouble>) -> ExitCode {
    let settings = match file::settings(config) {
        Ok(settings) => settings,
        Err(complaints) => return complain(&complaints),
    };
    let Some(folder) = state_folder(&settings) else {
        eprintln!("callbox: this config keeps no ledger; set state or store in [node]");
        return ExitCode::from(EXIT_CODE);
    };
    let done = Book::look(&folder.join(FILE)).and_then(|book| work(&book));
    done.unwrap_or_else(|trouble| {
        eprintln!("callbox: {trouble}");
        ExitCode::FAILURE
    })
}

fn verify(book: &Book, head: Option<&str>) -> Result<ExitCode, Trouble> {
    let verdict = book.verify()?;
    if let Some((place, why)) = verdict.wrong {
        eprintln!("callbox: entry {place}: {why}; the {} before it are sound", verdict.entries);
        return Ok(ExitCode::FAILURE);
    }
    if let Some(head) = head {
        let known = link(head).map(|link| book.place_of(link)).transpose()?.flatten();
        if known.is_none() && !(verdict.entries == 0 && link(head) == Some(Link::default())) {
            eprintln!("callbox: no entry has the head {head}: the ledger was cut short, or it is another one");
            return Ok(ExitCode::FAILURE);
        }
    }
    println!(
        "{} entries, {} without content that was due, head {}",
        verdict.entries,
        verdict.let_go,
        verdict.head.text()
    );
    Ok(ExitCode::SUCCESS)
}

fn export(book: &Book, chosen: &Chosen) -> Result<ExitCode, Trouble> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut written = Ok(());
    book.each(chosen, |kept| {
        if written.is_ok() {
            written = line(&mut out, kept);
        }
    })?;
    written.and_then(|()| out.flush())?;
    Ok(ExitCode::SUCCESS)
}

/// One entry. What it says is in the very bytes that were sealed.
fn line(out: &mut impl Write, kept: &Kept) -> io::Result<()> {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    writeln!(
        out,
        "{{\"entry\":{},\"at_ms\":{},\"kind\":{},\"organisation\":{},\"call\":{},\"head\":{},\"content\":{}}}",
        kept.place,
        kept.at.as_millis(),
        quoted(&kept.kind),
        quoted(&kept.organisation),
        quoted(&kept.call),
        quoted(&kept.link.text()),
        kept.body.as_deref().unwrap_or("null"),
    )
}

fn link(text: &str) -> Option<Link> {
    let mut link = Link::default();
    if text.len() != 2 * link.0.len() || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in link.0.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(core::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(link)
}

/// A day or a moment, in UTC where no offset is written.
fn moment(text: &str) -> Result<Wall, String> {
    let read = Wall::read(text).or_else(|| Wall::read(&format!("{text}T00:00:00Z")));
    read.ok_or_else(|| "this is no time; write 2026-11-01 or 2026-11-01T08:00:00Z".to_owned())
}
