//! `callbox call`: the lab's phone places one call and prints its ladder.
use crate::lab::NotStarted;
use crate::lab::phone::{Ladder, OWN, Wanted, line};
use crate::sip::flow::Transport;
use clap::{Args, ValueEnum};
use core::net::SocketAddr;
use core::time::Duration;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// The exit code of arguments that make no sense (sysexits.h: EX_USAGE).
const USAGE: u8 = 64;

/// What `callbox call` takes.
#[derive(Clone, Debug, Args)]
pub struct CallArgs {
    /// What to dial: a number as a person would (911, 9911, 933, 988, 4117), or a whole URI (urn:service:sos)
    pub number: String,
    /// Who calls: a number, an extension, or a sip: URI
    #[arg(long, default_value = "+13125550123")]
    pub from: String,
    /// The router, on loopback
    #[arg(long, default_value = "127.0.0.1:5060", value_name = "ADDRESS:PORT")]
    pub to: SocketAddr,
    /// How to reach it
    #[arg(long, value_enum, default_value_t = Via::Udp)]
    pub via: Via,
    /// The same as --via tcp
    #[arg(long)]
    pub stream: bool,
    /// How long to talk once somebody has answered
    #[arg(long, default_value_t = 2, value_name = "N")]
    pub seconds: u32,
    /// Give up after so many milliseconds if nobody has answered
    #[arg(long, value_name = "MS")]
    pub cancel_after: Option<u32>,
    /// A header field to add to the INVITE; may be given more than once
    #[arg(long = "header", value_name = "NAME: VALUE")]
    pub headers: Vec<String>,
    /// Keys to press once somebody has answered, one every four seconds
    #[arg(long, value_name = "KEYS", default_value = "")]
    pub press: String,
    /// Where to keep what was heard, as a WAVE file
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// A location token, sent as a reference to our own location server
    #[arg(long, value_name = "T")]
    pub token: Option<String>,
}

/// UDP or TCP.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Via {
    /// Datagrams.
    Udp,
    /// A stream.
    Tcp,
}

/// Places the call. 0 when somebody answered, 1 when nobody did, 64 when the arguments make no sense.
pub fn run(args: CallArgs) -> ExitCode {
    let (to, transport) = (args.to, if args.stream || args.via == Via::Tcp { Transport::Tcp } else { Transport::Udp });
    let record = args.record.clone();
    let wanted = match wanted(args) {
        Ok(wanted) => wanted,
        Err(why) => return complain(&why, USAGE),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error.to_string(), 1),
    };
    // The first Ctrl-C puts the receiver down, the second does not wait for the far side.
    let call = async {
        tokio::select! {
            ended = line::call(wanted, to, transport, |line| say(&line), interrupts(1)) => Some(ended),
            () = interrupts(2) => None,
        }
    };
    match runtime.block_on(call) {
        Some(Ok((outcome, sound))) => {
            say("");
            say(&Ladder::result(&outcome));
            if !outcome.is_answered() {
                return ExitCode::FAILURE;
            }
            say(&Ladder::sound(&sound));
            match record.map(|path| std::fs::write(&path, wave(&sound.kept)).map_err(|error| (path, error))) {
                Some(Err((path, error))) => complain(&format!("{}: {error}", path.display()), 1),
                Some(Ok(())) | None => ExitCode::SUCCESS,
            }
        }
        Some(Err(beyond @ NotStarted::NotLoopback(_))) => complain(&beyond.to_string(), USAGE),
        Some(Err(not_started)) => complain(&not_started.to_string(), 1),
        None => complain("left before the far side had heard of it", 1),
    }
}

/// Ends when Ctrl-C was pressed so many times.
async fn interrupts(times: u32) {
    for _ in 0..times {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler the system ends the program itself.
            core::future::pending::<()>().await;
        }
    }
}

fn wanted(args: CallArgs) -> Result<Wanted, String> {
    for (what, text) in [("NUMBER", Some(&args.number)), ("--from", Some(&args.from)), ("--token", args.token.as_ref())]
    {
        let odd = |letter: char| letter.is_control() || letter.is_whitespace() || matches!(letter, '<' | '>' | '"');
        if text.is_some_and(|text| text.is_empty() || text.contains(odd)) {
            return Err(format!("{what}: empty, or with a space, quote or angle bracket in it"));
        }
    }
    if !args.press.bytes().all(|key| key.is_ascii_digit() || key == b'*' || key == b'#') {
        return Err("--press: digits, * and # alone".into());
    }
    if args.seconds > 3600 {
        return Err("--seconds: at most 3600".into());
    }
    Ok(Wanted {
        headers: args.headers.iter().map(|header| field(header)).collect::<Result<_, _>>()?,
        number: args.number,
        from: args.from,
        talk: Duration::from_secs(args.seconds.into()),
        cancel_after: args.cancel_after.map(|millis| Duration::from_millis(millis.into())),
        token: args.token,
        keys: args.press,
        ipv6: args.to.is_ipv6(),
    })
}

/// Samples as a WAVE file: one channel, 16 bits, 8,000 a second.
fn wave(samples: &[i16]) -> Vec<u8> {
    let length = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX);
    let mut file = b"RIFF".to_vec();
    file.extend(length.saturating_add(36).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(8000u32.to_le_bytes());
    file.extend(16_000u32.to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend(length.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}

fn field(header: &str) -> Result<(String, String), String> {
    let (name, value) = header.split_once(':').ok_or("--header: wants 'Name: value'")?;
    let (name, value) = (name.trim(), value.trim());
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"-.!%*_+`'~".contains(&byte);
    if name.is_empty() || !name.bytes().all(token) || value.chars().any(char::is_control) {
        return Err("--header: wants 'Name: value' on one line, the name a token".into());
    }
    if OWN.iter().any(|own| own.eq_ignore_ascii_case(name)) {
        return Err(format!("--header: the phone writes {name} itself"));
    }
    Ok((name.into(), value.into()))
}

/// Prints a line; a reader that has gone away does not end the call.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

fn complain(why: &str, code: u8) -> ExitCode {
    eprintln!("callbox call: {why}");
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        call: CallArgs,
    }

    fn read(line: &[&str]) -> Result<Wanted, String> {
        let parsed = Line::try_parse_from(["call"].iter().chain(line)).map_err(|error| error.to_string())?;
        wanted(parsed.call)
    }

    #[test]
    fn a_plain_call_is_two_seconds_from_the_phone_in_room_101() {
        let wanted = read(&["9911"]).unwrap();
        assert_eq!((wanted.number.as_str(), wanted.from.as_str()), ("9911", "+13125550123"));
        assert_eq!((wanted.talk, wanted.cancel_after, wanted.ipv6), (Duration::from_secs(2), None, false));
    }

    #[test]
    fn headers_are_added_by_name_and_value_and_those_of_the_dialog_are_not() {
        let wanted = read(&["911", "--header", "Privacy: id", "--header", "X-Floor:4"]).unwrap();
        assert_eq!(wanted.headers, [("Privacy".into(), "id".into()), ("X-Floor".into(), "4".into())]);
        for bad in ["call-id: x", "Privacy", ": id", "Pri vacy: id", "Privacy: id\r\nX: y"] {
            assert!(read(&["911", "--header", bad]).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_would_break_a_message_is_refused_with_a_word_about_it() {
        assert!(read(&["9 1 1"]).unwrap_err().starts_with("NUMBER:"));
        assert!(read(&["911", "--from", ""]).unwrap_err().starts_with("--from:"));
        assert!(read(&["911", "--token", "a>"]).unwrap_err().starts_with("--token:"));
        assert!(read(&["911", "--seconds", "3601"]).unwrap_err().starts_with("--seconds:"));
        assert!(read(&["911", "--to", "example.com"]).is_err());
    }
}
