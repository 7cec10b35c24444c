//! `callbox notify`: notices tried out, previewed and looked at.
use crate::app::notices::Channels;
use crate::config::complaint::EXIT_CODE;
use crate::config::notices::Notices;
use crate::config::{World, world};
use crate::edge::clock::Clock;
use crate::edge::deliver::{Failure, Parcel};
use crate::edge::state::outbox::Outbox;
use crate::notice::{Channel, Notice, VARIABLES, sample};
use crate::record::recipient::fault_of_email;
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// What `callbox notify` takes.
#[derive(Clone, Debug, Args)]
pub struct NotifyArgs {
    /// The config; the lab's if left out
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    #[command(subcommand)]
    what: What,
}

#[derive(Clone, Debug, Subcommand)]
enum What {
    /// Send a message that says it is a trial
    Test {
        /// To this e-mail address
        #[arg(long, value_name = "ADDRESS", required_unless_present = "webhook")]
        to: Option<String>,
        /// To this webhook of the config
        #[arg(long, value_name = "NAME", conflicts_with = "to")]
        webhook: Option<String>,
    },
    /// Show what a notice would say, with values of nobody
    Preview {
        /// The notice, as emergency_call
        #[arg(long, default_value = "emergency_call")]
        notice: String,
        /// The language; that of the config if left out
        #[arg(long)]
        language: Option<String>,
    },
    /// List the templates with their versions, and the variables
    Templates,
    /// Ask the mail server whether it takes our credentials
    Check,
    /// List what became of the last messages, without content and addresses
    List {
        /// How many
        #[arg(long, default_value_t = 50)]
        most: u32,
    },
}

/// Runs it. 64 when the config or a word is wrong, 1 when the other side does not take a message.
pub fn run(args: NotifyArgs) -> ExitCode {
    let read = args.config.as_deref().map_or_else(world::lab, world::load);
    let world = match read {
        Ok(world) => world,
        Err(complaints) => {
            complaints.iter().for_each(|complaint| eprintln!("{complaint}"));
            return ExitCode::from(EXIT_CODE);
        }
    };
    let notices = &world.notices;
    let done = match args.what {
        What::Test { to, webhook } => test(notices, to, webhook),
        What::Preview { notice, language } => preview(notices, &notice, language.as_deref()),
        What::Templates => templates(notices),
        What::Check => check(notices),
        What::List { most } => list(&world, most),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err((code, why)) => {
            eprintln!("callbox: {why}");
            ExitCode::from(code)
        }
    }
}

type Done = Result<(), (u8, String)>;

fn usage(why: impl Into<String>) -> (u8, String) {
    (EXIT_CODE, why.into())
}

fn not_taken(failure: Failure) -> (u8, String) {
    (1, failure.to_string())
}

fn test(notices: &Notices, to: Option<String>, webhook: Option<String>) -> Done {
    let clock = Clock::start();
    let values = sample(Notice::TestCall, clock.now().wall);
    let template = notices.templates.of(Notice::TestCall, &[&notices.language]).ok_or_else(|| usage("no template"))?;
    let letter = template.render(&values, "");
    let (way, parcel) = match (to, webhook) {
        (Some(to), _) => {
            if let Some(fault) = fault_of_email(&to) {
                return Err(usage(fault));
            }
            if notices.mail.is_none() {
                return Err(usage("mail.host is not set in this config"));
            }
            let parcel = Parcel { to, subject: letter.subject, body: letter.body, ..Parcel::default() };
            (Channel::Email.text().to_owned(), parcel)
        }
        (None, Some(name)) => {
            let hook = notices.hooks.iter().find(|hook| *hook.name == *name);
            let hook = hook.ok_or_else(|| usage("this config has no webhook of this name"))?;
            let own = hook.body.as_ref().map(|body| body.render(&values, "", hook.escape));
            let body = own.unwrap_or_else(|| values.json("").to_string());
            let headers = vec![("content-type".to_owned(), hook.content_type.clone())];
            (name, Parcel { body, headers, ..Parcel::default() })
        }
        (None, None) => return Err(usage("say to whom: --to or --webhook")),
    };
    let channels = Arc::new(Channels::of(notices, None));
    let name = format!("test.{}", clock.now().wall.as_millis());
    wait(channels.send(&way, &name, &parcel, clock))?.map_err(not_taken)?;
    println!("taken");
    Ok(())
}

fn check(notices: &Notices) -> Done {
    if notices.mail.is_none() {
        return Err(usage("mail.host is not set in this config"));
    }
    let channels = Channels::of(notices, None);
    wait(channels.check())?.map_err(not_taken)?;
    println!("the mail server takes our credentials; `callbox notify test --to` shows whether it takes our sender");
    Ok(())
}

fn wait<T>(work: impl Future<Output = T>) -> Result<T, (u8, String)> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok(runtime.map_err(|error| (1, error.to_string()))?.block_on(work))
}

fn preview(notices: &Notices, notice: &str, language: Option<&str>) -> Done {
    let known = || Notice::ALL.iter().map(|notice| notice.text()).collect::<Vec<_>>().join(", ");
    let notice = Notice::read(notice).ok_or_else(|| usage(format!("no such notice; there are {}", known())))?;
    let languages = [language.unwrap_or(&notices.language)];
    let template = notices.templates.of(notice, &languages).ok_or_else(|| usage("no template"))?;
    let link = notices.link.clone().unwrap_or_default();
    let letter = template.render(&sample(notice, Clock::start().now().wall), &link);
    println!("version {}\nSubject: {}\n\n{}", template.version, letter.subject, letter.body);
    Ok(())
}

fn templates(notices: &Notices) -> Done {
    for (language, notice, template) in notices.templates.all() {
        println!("{language:<6}{:<22}{}", notice.text(), template.version);
    }
    println!();
    for (name, about) in VARIABLES {
        println!("{{{{{name}}}}}{:width$}{about}", "", width = 16usize.saturating_sub(name.len()));
    }
    Ok(())
}

fn list(world: &World, most: u32) -> Done {
    let node = &world.settings.node;
    let beside = || node.store.as_deref().and_then(Path::parent).map(Path::to_owned);
    let folder = node.state.clone().or_else(beside).ok_or_else(|| usage("this config has no node.state"))?;
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let opened = rusqlite::Connection::open_with_flags(folder.join("state.db"), flags);
    let lines = opened.and_then(|connection| Outbox::new(connection).lines(most));
    for line in lines.map_err(|error| (1, error.to_string()))? {
        let time = line.made.civil().xml_date_time();
        let call = if line.call.is_empty() { "-" } else { &line.call };
        println!("{time} {call} {} {} step {} tries {} {}", line.notice, line.way, line.step, line.tries, line.state);
    }
    Ok(())
}
