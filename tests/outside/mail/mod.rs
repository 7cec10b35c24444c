//! Mail servers that want to know who writes: logins, TLS, senders that they refuse, and texts that say too little.
use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::noticed::{config, within};
use crate::program::Program;
use crate::router::{self, in_repository, metrics};
use crate::sipp::{Answerer, Caller, free_port};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

const TOLD: &str = "desk,acme,,,,emergency_call,email,desk@acme.example,,,\n";
const LOGIN: &str = "callbox:open sesame";

/// The strict server.
struct Strict {
    _program: Program,
    folder: TempDir,
}

impl Strict {
    fn start(port: u16, certificate: Option<&Path>, login: &str, refused: &str) -> Strict {
        let folder = TempDir::new().expect("a temporary folder");
        let mut command = Command::new("python3");
        command
            .arg(in_repository("tests/outside/mail/server.py"))
            .arg(port.to_string())
            .arg(folder.path().join("mail"));
        command.arg(certificate.unwrap_or(Path::new("-"))).args([login, refused]);
        let program = Program::start("the mail server", command, false);
        within("the mail server listens", || TcpStream::connect(("127.0.0.1", port)).ok());
        Strict { _program: program, folder }
    }

    fn messages(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.folder.path().join("mail/new")) else { return Vec::new() };
        let files = entries.filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok());
        files.map(|text| text.replace("\r\n", "\n")).collect()
    }
}

/// A certificate for this machine in the config's folder, which the config trusts.
fn certificate(config: &LabConfig) -> PathBuf {
    let folder = config.file().parent().expect("a folder").to_owned();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()]).expect("a certificate");
    std::fs::write(folder.join("issuers.pem"), made.cert.pem()).expect("the folder is ours");
    let both = [made.cert.pem(), made.signing_key.serialize_pem()].concat();
    std::fs::write(folder.join("both.pem"), both).expect("the folder is ours");
    config.append("lab.toml", "\n[notices]\nissuers = \"issuers.pem\"\n");
    folder.join("both.pem")
}

fn mail(port: u16, security: &str, more: &str) -> String {
    let from = "callbox@acme.example";
    format!("\n[mail]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"{security}\"\nfrom = \"{from}\"\n{more}")
}

/// The code and the words of `callbox notify`.
fn notify(config: &LabConfig, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callbox"));
    let output = command.arg("notify").args(arguments).arg("--config").arg(config.file()).output().expect("it runs");
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn a_wrong_password_is_an_alarm_and_a_clear_word_and_what_waited_leaves_with_the_right_one() {
    let _ports = LabPorts::locked();
    let port = free_port();
    let config = config(&mail(port, "starttls", "user = \"callbox\"\npassword = \"guess\"\n"), TOLD);
    let server = Strict::start(port, Some(&certificate(&config)), LOGIN, "-");
    let wrong = (Some(1), "callbox: the mail server does not take user and password (535)\n".into());
    assert_eq!(notify(&config, &["check"]), wrong);
    assert_eq!(notify(&config, &["test", "--to", "desk@acme.example"]), wrong);
    let psap = Answerer::start("psap", 5070);
    let mut router = router::run_file(&config.file());
    let is_told = |line: &str| line.contains("does not take our credentials") && line.contains("535");
    router.await_line("the login is refused", |line| is_told(line).then_some(()));
    assert!(metrics().contains("callbox_notice_channel_up{channel=\"email\"} 0"), "{}", metrics());
    Caller::new("call").calls();
    config.replace("\"guess\"", "\"open sesame\"");
    router.signal("HUP");
    within("both messages arrive", || (server.messages().len() == 2).then_some(()));
    within("the alarm is over", || metrics().contains("callbox_notice_channel_up{channel=\"email\"} 1").then_some(()));
    assert!(router.said().iter().all(|line| !line.contains("sesame") && !line.contains("guess")));
    assert_eq!(notify(&config, &["check"]).0, Some(0));
    assert_eq!(notify(&config, &["test", "--to", "desk@acme.example"]), (Some(0), "taken\n".into()));
    drop(psap);
}

#[test]
fn a_server_without_tls_is_shown_no_password_and_gets_no_message() {
    let _ports = LabPorts::locked();
    let port = free_port();
    let config = config(&mail(port, "starttls", "user = \"callbox\"\npassword = \"open sesame\"\n"), TOLD);
    let server = Strict::start(port, None, "-", "-");
    assert_eq!(notify(&config, &["check"]).0, Some(1));
    let (code, said) = notify(&config, &["test", "--to", "desk@acme.example"]);
    assert_eq!((code, server.messages().len()), (Some(1), 0), "{said}");
}

#[test]
fn where_the_sender_is_refused_the_fallback_writes_and_without_one_that_is_said() {
    let _ports = LabPorts::locked();
    let port = free_port();
    let server = Strict::start(port, None, "-", "callbox@acme.example");
    let alone = config(&mail(port, "none", ""), TOLD);
    let test = ["test", "--to", "desk@acme.example"];
    assert_eq!(notify(&alone, &test), (Some(1), "callbox: refused with 553\n".into()));
    let with = config(&mail(port, "none", "fallback_from = \"desk@acme.example\"\n"), TOLD);
    assert_eq!(notify(&with, &test), (Some(0), "taken\n".into()));
    let messages = server.messages();
    assert!(messages.len() == 1 && messages[0].contains("From: desk@acme.example\n"), "{messages:?}");
}

#[test]
fn a_text_that_would_leave_out_the_callback_number_is_refused_and_the_one_before_stays() {
    let _ports = LabPorts::locked();
    let port = free_port();
    let server = Strict::start(port, None, "-", "-");
    let config = config(&[mail(port, "none", "").as_str(), "\n[notices]\ntemplates = \"texts\"\n"].concat(), TOLD);
    let folder = config.file().with_file_name("texts").join("en");
    std::fs::create_dir_all(&folder).expect("the folder is ours");
    let writes = |text: &str| std::fs::write(folder.join("emergency_call.txt"), text).expect("the folder is ours");
    writes("Subject: ours\n\nOUR OWN WORDS {{call}} {{callback}}\n{{location}}\n");
    let psap = Answerer::start("psap", 5070);
    let mut router = router::run_file(&config.file());
    writes("Subject: ours\n\nLESS {{call}}\n{{location}}\n");
    let complaint = "emergency_call.txt:3: {{callback}} is left out, which every notice of a call says; \
                     try to write {{callback}} somewhere in the text";
    let mut check = Command::new(env!("CARGO_BIN_EXE_callbox"));
    let checked = check.args(["check", "--config"]).arg(config.file()).output().expect("it runs");
    let said = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
    assert!(checked.status.code() == Some(64) && said.contains(complaint), "{said}");
    router.signal("HUP");
    router.await_line("it is refused", |line| line.contains("emergency_call.txt:3").then_some(()));
    Caller::new("call").calls();
    let message = within("a message arrives", || server.messages().pop());
    assert!(message.contains("OUR OWN WORDS 911 +13125550123"), "{message}");
    drop(psap);
}
