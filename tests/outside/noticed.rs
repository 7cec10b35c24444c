//! Who is told of a call: a real mail server, and webhooks that take what they are sent, fail, hang and lie.
use crate::held::{LAB, asked_at, assert_says};
use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::program::{DEADLINE, Program};
use crate::router::{self, metrics};
use crate::sipp::{Answerer, Caller, free_port};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tempfile::TempDir;

const SECRET: &str = "a secret of the laboratory";

/// aiosmtpd with a Maildir, and STARTTLS where it has a certificate.
struct MailServer {
    _program: Program,
    mailbox: PathBuf,
    _folder: TempDir,
}

impl MailServer {
    fn start(port: u16, certificate: Option<&Path>) -> MailServer {
        let folder = TempDir::new().expect("a temporary folder");
        let mailbox = folder.path().join("mail");
        let mut command = Command::new("aiosmtpd");
        command.args(["-n", "-c", "aiosmtpd.handlers.Mailbox", "-l", &format!("127.0.0.1:{port}")]);
        if let Some(at) = certificate {
            command.arg("--tlscert").arg(at.join("mail.pem")).arg("--tlskey").arg(at.join("mail.key"));
        }
        command.arg(&mailbox);
        let program = Program::start("aiosmtpd", command, false);
        within("the mail server listens", || TcpStream::connect(("127.0.0.1", port)).ok());
        MailServer { _program: program, mailbox, _folder: folder }
    }

    /// The messages, each as it lies in the mailbox.
    fn messages(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.mailbox.join("new")) else { return Vec::new() };
        let files = entries.filter_map(|entry| std::fs::read_to_string(entry.ok()?.path()).ok());
        files.map(|text| text.replace("\r\n", "\n")).collect()
    }

    fn message(&self) -> String {
        within("a message is in the mailbox", || self.messages().pop())
    }
}

/// What `look` finds, looked for twenty times a second until the deadline.
pub fn within<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let (never, wait) = channel::<()>();
    for _ in 0..400 {
        if let Some(found) = look() {
            return found;
        }
        let _later = wait.recv_timeout(Duration::from_millis(50));
    }
    drop(never);
    panic!("not in time: {what}");
}

/// The lab with a mail server and everybody's address.
pub fn config(more: &str, recipients: &str) -> LabConfig {
    let config = LabConfig::copied();
    config.append("lab.toml", more);
    let head = "id,organisation,site,place,user,notices,channel,to,language,group,step\n";
    let path = config.file().with_file_name("lab").join("recipients.csv");
    std::fs::write(path, [head, recipients].concat()).expect("the copy is ours");
    config
}

fn mail(port: u16, security: &str) -> String {
    format!(
        "\n[mail]\nhost = \"127.0.0.1\"\nport = {port}\nsecurity = \"{security}\"\nfrom = \"callbox@acme.example\"\n"
    )
}

/// The text of a message's first part, and its attachments.
fn parts(message: &str) -> (String, Vec<Vec<u8>>) {
    let boundary = message.split("boundary=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("several parts");
    let mut text = String::new();
    let mut attached = Vec::new();
    for part in message.split(&format!("--{boundary}")).skip(1) {
        let Some((head, body)) = part.split_once("\n\n") else { continue };
        let head = head.to_lowercase();
        let encoded: String = body.split_whitespace().collect();
        if head.contains("application/pidf+xml") {
            attached.push(STANDARD.decode(encoded).expect("base64"));
        } else if head.contains("text/plain") {
            text = match head.contains("base64") {
                true => String::from_utf8(STANDARD.decode(encoded).expect("base64")).expect("text"),
                false => body.replace("=\n", "").replace("=3D", "="),
            };
        }
    }
    (text, attached)
}

/// The location documents of an INVITE, as they went over the wire.
fn documents(invite: &[u8]) -> Vec<Vec<u8>> {
    let text = String::from_utf8_lossy(invite).into_owned();
    let boundary = text.split("boundary=").nth(1).and_then(|rest| rest.split("\r\n").next()).expect("several parts");
    let line = format!("--{boundary}");
    let parts = text.split(&line).skip(1).filter(|part| part.contains("application/pidf+xml"));
    let body =
        |part: &str| part.split_once("\r\n\r\n").map(|(_, body)| body.strip_suffix("\r\n").unwrap_or(body).into());
    parts.filter_map(body).collect()
}

#[test]
fn an_email_has_the_location_byte_for_byte_as_the_psap_was_told_it() {
    let _ports = LabPorts::locked();
    let port = free_port();
    let config = config(
        &format!("\n[notices]\nissuers = \"mail.pem\"\n{}", mail(port, "starttls")),
        "desk,acme,hq,,,emergency_call,email,desk@acme.example; guard@acme.example,,,\n",
    );
    let folder = config.file().parent().expect("a folder").to_owned();
    let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".into()]).expect("a certificate");
    std::fs::write(folder.join("mail.pem"), made.cert.pem()).expect("the folder is ours");
    std::fs::write(folder.join("mail.key"), made.signing_key.serialize_pem()).expect("the folder is ours");
    let server = MailServer::start(port, Some(&folder));
    let mut psap = Answerer::start("psap", 5070);
    let _router = router::run_file(&config.file());
    Caller::new("knows-its-place").calls();
    psap.finishes();
    // Each is told that somebody called, and who answered.
    let messages = within("four messages", || Some(server.messages()).filter(|all| all.len() == 4));
    let sent = documents(&psap.invites()[0].bytes);
    assert_eq!(sent.len(), 2, "the caller's and ours");
    for message in &messages {
        let (text, attached) = parts(message);
        let show =
            |all: &[Vec<u8>]| all.iter().map(|one| String::from_utf8_lossy(one).into_owned()).collect::<Vec<_>>();
        assert_eq!(show(&attached), show(&sent));
        assert!(message.starts_with("From: callbox@acme.example\n"), "{message}");
        assert!(message.contains("Auto-Submitted: auto-generated"), "{message}");
        for words in ["Somebody called 911", "Callback number: +13125550123", "Room: 101", "/notices/"] {
            assert!(text.contains(words), "no {words} in {text}");
        }
    }
    let mut to: Vec<_> = messages.iter().filter_map(|text| text.split("\nTo: ").nth(1)?.lines().next()).collect();
    to.sort_unstable();
    assert_eq!(to, ["desk@acme.example", "desk@acme.example", "guard@acme.example", "guard@acme.example"]);
    assert_eq!(messages.iter().filter(|message| parts(message).0.contains("Answered by psap-1 after ")).count(), 2);
}

#[test]
fn a_message_that_the_mail_server_was_not_there_for_leaves_after_the_router_was_killed_and_started_again() {
    let _ports = LabPorts::locked();
    let port = free_port();
    let state = TempDir::new().expect("a folder");
    let config = config(&mail(port, "none"), "desk,acme,,,,emergency_call,email,desk@acme.example,es,,\n");
    let state_key = format!("[node]\nstate = \"{}\"", state.path().display());
    config.replace("[node]", &state_key);
    let psap = Answerer::start("psap", 5070);
    let mut router = router::run_file(&config.file());
    Caller::new("call").calls();
    router.await_line("the channel is dead", |line| line.contains("a channel of notices is dead").then_some(()));
    assert!(metrics().contains("callbox_notice_channel_up{channel=\"email\"} 0"), "{}", metrics());
    router.signal("KILL");
    router.await_end();
    drop(router);
    let server = MailServer::start(port, None);
    let _router = router::run_file(&config.file());
    let message = server.message();
    assert!(parts(&message).0.contains("Alguien llam"), "{message}");
    drop(psap);
    let listed = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callbox"));
        let output = command.args(["notify", "list", "--config"]).arg(config.file()).output().expect("it runs");
        String::from_utf8(output.stdout).expect("text")
    };
    let is_delivered = |line: &&str| line.contains(" emergency_call email ") && line.ends_with("delivered");
    let listed = within("it is noted that somebody called, and who answered", || {
        Some(listed()).filter(|text| text.lines().filter(is_delivered).count() == 2)
    });
    assert!(!listed.contains('@') && !listed.contains("3125550123"), "{listed}");
}

/// A webhook's far end: does to each request what `answers` says, and tells what it got.
pub fn sink(answers: Vec<&'static str>) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (tell, told) = channel();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for answer in answers.into_iter().chain(std::iter::repeat("HTTP/1.1 204 No Content\r\n\r\n")) {
            let Ok((mut stream, _)) = listener.accept() else { return };
            let _sent = tell.send(request(&mut stream));
            let _written = stream.write_all(answer.as_bytes());
            if answer.is_empty() {
                // It never says anything.
                kept.push(stream);
            }
        }
    });
    (port, told)
}

/// One HTTP request, whole.
pub fn request(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let mut room = [0; 4096];
    loop {
        let read = stream.read(&mut room).unwrap_or(0);
        text.extend_from_slice(&room[..read]);
        let got = String::from_utf8_lossy(&text).into_owned();
        let length = got.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        let body = got.split_once("\r\n\r\n").map(|(_, body)| body.len());
        if read == 0 || body.zip(length).is_some_and(|(body, length): (usize, usize)| body >= length) {
            return got;
        }
    }
}

/// A header of a request.
pub fn header<'a>(request: &'a str, name: &str) -> &'a str {
    let line = request.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}: ")));
    line.and_then(|line| line.split_once(": ")).map(|(_, value)| value).unwrap_or_default()
}

pub fn webhook(name: &str, port: u16, more: &str) -> String {
    format!("\n[[webhook]]\nname = \"{name}\"\nurl = \"http://127.0.0.1:{port}/hook\"\nsecret = \"{SECRET}\"\n{more}")
}

#[test]
fn a_webhook_is_told_signed_while_the_call_goes_on_and_again_until_it_takes_it() {
    let _ports = LabPorts::locked();
    let lies = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n";
    let (port, told) = sink(vec![lies, "nonsense\r\n\r\n"]);
    let config = config(
        &webhook("desk", port, "headers = [\"X-Site: {{site}}\"]\ntimeout_secs = 1\n"),
        "desk,acme,,,,emergency_call,webhook,desk,,,\n",
    );
    let psap = Answerer::start("psap", 5070);
    let _router = router::run_file(&config.file());
    let calling = Caller::new("call").starts();
    let first = told.recv_timeout(Duration::from_secs(20)).expect("a request while the call is in progress");
    let body = first.split_once("\r\n\r\n").expect("a body").1;
    let json: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!((&json["kind"], &json["callback"]), (&"emergency_call".into(), &"+13125550123".into()));
    assert_eq!(header(&first, "x-site"), "hq");
    let signature = header(&first, "x-callbox-signature");
    let (moment, code) = signature.strip_prefix("t=").and_then(|rest| rest.split_once(",v1=")).expect("a signature");
    assert_eq!(code, hmac(&format!("{moment}.{body}")), "as its owner checks it");
    let (mut same, mut others) = (0, 0);
    while same < 1 || others < 1 {
        let again = told.recv_timeout(DEADLINE).expect("again, and who answered");
        match header(&again, "x-callbox-delivery") == header(&first, "x-callbox-delivery") {
            true => same += 1,
            false => others += 1,
        }
    }
    within("both are delivered", || {
        metrics().contains("callbox_notices_total{channel=\"desk\",outcome=\"delivered\"} 2").then_some(())
    });
    drop((calling, psap));
    let link = json["acknowledge"].as_str().expect("an address").to_owned();
    let path = link.strip_prefix("http://127.0.0.1:8080").expect("ours");
    assert!(asked_at(path, "GET", "", "").contains("<button>"), "who looks has said nothing");
    assert!(metrics().lines().all(|line| !line.contains("outcome=\"acknowledged\"")));
    assert!(asked_at(path, "POST", "", "").contains("Noted."));
    assert!(asked_at("/notices/aaaaaaaaaaaaaaaaaaaaaa", "POST", "", "").starts_with("HTTP/1.1 404 "));
}

/// By another implementation: openssl's.
fn hmac(text: &str) -> String {
    let mut command = Command::new("openssl");
    command.args(["dgst", "-sha256", "-hmac", SECRET, "-r"]);
    command.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped());
    let mut child = command.spawn().expect("openssl runs");
    child.stdin.take().expect("piped").write_all(text.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    String::from_utf8_lossy(&output.stdout).split(' ').next().unwrap_or_default().to_owned()
}

#[test]
fn channels_that_hang_and_are_not_there_delay_no_call_and_no_other_channel() {
    let _ports = LabPorts::locked();
    let (hangs, _told) = sink(vec![""; 64]);
    let (works, told) = sink(vec![]);
    let gone = free_port();
    let config = config(
        &[
            webhook("hangs", hangs, "timeout_secs = 60\n"),
            webhook("gone", gone, ""),
            webhook("works", works, ""),
            mail(gone, "none"),
        ]
        .concat(),
        "a,acme,,,,emergency_call,webhook,hangs gone works,,,\nb,acme,,,,emergency_call,email,desk@acme.example,,,\n",
    );
    let mut psap = Answerer::start("psap", 5070);
    let _router = router::run_file(&config.file());
    for _ in 0..3 {
        Caller::new("call").calls();
        told.recv_timeout(Duration::from_secs(20)).expect("the one that works is told");
    }
    psap.finishes();
    let told = metrics();
    assert!(told.contains("callbox_calls_total{class=\"emergency\",outcome=\"completed\"} 3"), "{told}");
    // Neither a call nor the channel that works waited for it: it has not even given up on its first request.
    assert!(!told.contains("callbox_notices_total{channel=\"hangs\""), "{told}");
}

#[test]
fn the_command_sends_a_trial_and_shows_what_would_be_said() {
    let _ports = LabPorts::locked();
    let port = free_port();
    let server = MailServer::start(port, None);
    let config = config(&mail(port, "none"), "");
    let notify = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callbox"));
        let output =
            command.arg("notify").args(arguments).arg("--config").arg(config.file()).output().expect("it runs");
        (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
    };
    assert_eq!(notify(&["test", "--to", "desk@acme.example"]), (Some(0), "taken\n".into()));
    assert!(server.message().contains("TEST 933"), "{}", server.message());
    assert_eq!(notify(&["check"]).0, Some(0));
    assert_eq!(notify(&["test", "--to", "desk"]).0, Some(64));
    let (code, text) = notify(&["preview", "--language", "es"]);
    assert!(code == Some(0) && text.contains("Subject: EMERGENCIA 911") && text.contains("+13125550100"), "{text}");
    let (_, text) = notify(&["templates"]);
    assert!(text.contains("{{callback}}") && text.contains("emergency_call"), "{text}");
    drop(server);
    assert_eq!(notify(&["check"]).0, Some(1));
}

#[test]
fn a_network_that_nobody_has_entered_and_the_address_that_its_user_gives_are_told_of() {
    let _ports = LabPorts::locked();
    let (port, told) = sink(vec![]);
    let config = config(
        &webhook("desk", port, ""),
        "networks,acme,,,,unknown_network pending_location,webhook,desk,,,\ncalls,acme,,,,,webhook,desk,,,\n",
    );
    let _router = router::run_file(&config.file());
    let client = "{\"instance\":\"urn:uuid:00000000-0000-1000-8000-020000000a04\",\
                  \"interfaces\":[{\"gateway\":\"02-00-00-00-77-01\"}],\"civic\":{\"country\":\"US\",\"A1\":\"IL\",\
                  \"A3\":\"Springfield\",\"RD\":\"Sample\",\"HNO\":\"7\"}}";
    let json = format!("Content-Type: application/json\r\n{LAB}");
    assert_says(&asked_at("/client/v1/location", "POST", &json, client), "200", &["\"grade\":\"none\""]);
    assert_says(&asked_at("/client/v1/address", "POST", &json, client), "200", &["\"found_by\":\"typed\""]);
    let mut heard: Vec<serde_json::Value> = Vec::new();
    while heard.len() < 2 {
        let request = told.recv_timeout(DEADLINE).expect("a request");
        heard.push(serde_json::from_str(request.split_once("\r\n\r\n").expect("a body").1).expect("JSON"));
    }
    heard.sort_by_key(|one| one["kind"].to_string());
    let [given, unknown] = &heard[..] else { panic!("two: {heard:?}") };
    assert_eq!((&unknown["kind"], &unknown["location"]["site"]), (&"unknown_network".into(), &"hq".into()));
    assert!(unknown["note"].as_str().expect("text").contains("Gateway: 02-00-00-00-77-01"), "{unknown}");
    assert_eq!((&given["kind"], &given["user"]), (&"pending_location".into(), &"client".into()));
    assert_eq!(given["location"]["text"], "7 Sample\nSpringfield IL US");
}
