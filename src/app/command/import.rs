//! `callbox import` and `callbox export`: tables into the store and out of it, as CSV files.
use super::run::complain;
use crate::config::complaint::EXIT_CODE;
use crate::config::import::{self, Order, Outcome, Refused};
use crate::record::table::Kind;
use crate::record::table::plan::{Edit, Linked, Plan};
use clap::Args;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// What `callbox import` takes.
#[derive(Clone, Debug, Args)]
pub struct ImportArgs {
    /// Files named as the tables (numbers.csv, wiremap.csv …), or folders of them
    #[arg(required = true, value_name = "FILE")]
    pub from: Vec<PathBuf>,
    /// The config, which names the store
    #[arg(long, default_value = "conf/callbox.toml", value_name = "FILE")]
    pub config: PathBuf,
    /// Tell what would change, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Take each file for the whole of its table: lines that it does not have go
    #[arg(long)]
    pub replace: bool,
    /// Where a line names one that goes, take the name out of it
    #[arg(long, requires = "replace")]
    pub detach: bool,
    /// Who makes the change; your user name if left out
    #[arg(long, value_name = "NAME")]
    pub author: Option<String>,
}

/// What `callbox export` takes.
#[derive(Clone, Debug, Args)]
pub struct ExportArgs {
    /// The folder to write the files to; it is made if it is not there
    #[arg(value_name = "FOLDER")]
    pub to: PathBuf,
    /// The config, which names the store
    #[arg(long, default_value = "conf/callbox.toml", value_name = "FILE")]
    pub config: PathBuf,
}

/// Imports, or tells what an import would change. 0 when it was done or could be, 64 when something is wrong.
pub fn import(args: ImportArgs) -> ExitCode {
    let ImportArgs { from, config, dry_run, replace, detach, author } = args;
    let order = Order { from, replace, detach, dry_run, author: author.unwrap_or_else(whoever) };
    match import::import(&config, &order) {
        Ok(outcome) => {
            print!("{}", told(&outcome, dry_run));
            ExitCode::SUCCESS
        }
        Err(refused) => refuse(&refused),
    }
}

/// Writes every table of the store to its file.
pub fn export(args: &ExportArgs) -> ExitCode {
    let texts = import::open(&args.config).and_then(|store| Ok(store.texts()?));
    let (texts, version) = match texts {
        Ok(texts) => texts,
        Err(refused) => return refuse(&refused),
    };
    match write_all(&args.to, &texts) {
        Ok(()) => {
            println!("version {version} is in {}", args.to.display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("callbox: {} cannot be written: {error}", args.to.display());
            ExitCode::FAILURE
        }
    }
}

/// Says why nothing was changed.
pub(super) fn refuse(refused: &Refused) -> ExitCode {
    match refused {
        Refused::Complaints(complaints) => complain(complaints),
        Refused::Linked(linked) => {
            eprint!("{}", named(linked));
            ExitCode::from(EXIT_CODE)
        }
        Refused::Store(trouble) => {
            eprintln!("callbox: {trouble}");
            ExitCode::FAILURE
        }
    }
}

/// The name of the user who runs this.
pub(super) fn whoever() -> String {
    std::env::var("USER").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned())
}

fn write_all(folder: &Path, texts: &[(Kind, String)]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    texts.iter().try_for_each(|(kind, text)| std::fs::write(folder.join(kind.file()), text))
}

/// What changed. It is for the person whose files these are, so it shows what logs may not.
fn told(Outcome { plan, version }: &Outcome, dry_run: bool) -> String {
    let mut out = String::new();
    for edit in &plan.edits {
        out.push_str(&line(edit));
    }
    for linked in &plan.detached {
        let _grows = writeln!(out, "* {}", link(linked));
    }
    let _grows = writeln!(out, "{}", counts(plan));
    let _grows = match version {
        Some(version) => writeln!(out, "version {version}"),
        None if dry_run => writeln!(out, "nothing is changed: this was a dry run"),
        None => writeln!(out, "nothing is changed"),
    };
    out
}

fn counts(plan: &Plan) -> String {
    let count = |is: fn(&Edit) -> bool| plan.edits.iter().filter(|edit| is(edit)).count();
    let added = count(|edit| matches!(edit, Edit::Put { before: None, .. }));
    let changed = count(|edit| matches!(edit, Edit::Put { before: Some(_), .. }));
    let removed = count(|edit| matches!(edit, Edit::Remove { .. }));
    format!("{added} added, {changed} changed, {removed} removed, {} as they were", plan.same)
}

/// `+ numbers +13125550123`, `~ locations hq-217: ROOM 217 -> 218`, `- wiremap acme 02-00-00-00-00-11`.
fn line(edit: &Edit) -> String {
    match edit {
        Edit::Put { kind, line, before: None } => format!("+ {} {}\n", kind.text(), line.key(*kind).shown()),
        Edit::Remove { kind, key } => format!("- {} {}\n", kind.text(), key.shown()),
        Edit::Put { kind, line, before: Some(before) } => {
            let columns = kind.columns().zip(before.iter().zip(line.iter()));
            let differing = columns.filter(|(_, (before, after))| before != after);
            let changes: Vec<_> = differing
                .map(|(name, (before, after))| format!("{name} {} -> {}", said(before), said(after)))
                .collect();
            format!("~ {} {}: {}\n", kind.text(), line.key(*kind).shown(), changes.join(", "))
        }
    }
}

fn said(cell: &str) -> &str {
    if cell.is_empty() { "nothing" } else { cell }
}

fn named(linked: &[Linked]) -> String {
    let mut out = String::from("callbox: nothing is changed, since these name what would go:\n");
    for one in linked {
        let needed = if one.is_needed { " and needs it" } else { "" };
        let _grows = writeln!(out, "  {}{needed}", link(one));
    }
    out.push_str("try --detach to take these names out, and to change or remove what needs one\n");
    out
}

fn link(linked: &Linked) -> String {
    let Linked { kind, key, column, of, to, .. } = linked;
    format!("{} {}: {column} names {} of {}", kind.text(), key.shown(), to.shown(), of.text())
}
