//! baresip without sound card or display: it says silence from a file, keeps what it hears in another, and takes commands
//! on a port.
use super::Phone;
use super::sound::{RATE, wave};
use crate::program::Program;
use crate::sipp::free_port;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;
use tempfile::TempDir;

const CONFIG: &str = "\
poll_method poll
sip_listen 127.0.0.1:0
net_interface 127.0.0.1
module_path MODULES
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module ctrl_tcp.so
module_tmp account.so
module_app menu.so
audio_source aufile,FOLDER/silence.wav
audio_player aubridge,ear
audio_alert aubridge,ear
snd_path FOLDER
ctrl_tcp_listen 127.0.0.1:COMMANDS
";

/// A running baresip.
pub struct Baresip {
    program: Program,
    folder: TempDir,
    commands: u16,
}

impl Baresip {
    /// A phone of room 101 that dials this at once.
    pub fn dials(uri: &str) -> Baresip {
        let folder = TempDir::new().expect("a temporary folder");
        let commands = free_port();
        prepare(folder.path(), commands);
        let mut command = Command::new("baresip");
        command.arg("-f").arg(folder.path()).args(["-e", &format!("/dial {uri}")]);
        Baresip { program: Program::start("baresip", command, true), folder, commands }
    }

    fn tells(&mut self, command: &str) {
        let (word, rest) = command.split_once(' ').unwrap_or((command, ""));
        let told = format!("{{\"command\":\"{word}\",\"params\":\"{rest}\"}}");
        let answer = TcpStream::connect(("127.0.0.1", self.commands)).and_then(|mut stream| {
            stream.set_read_timeout(Some(Duration::from_secs(5)))?;
            stream.write_all(format!("{}:{told},", told.len()).as_bytes())?;
            // News of the call may come before the answer.
            let (mut answer, mut bytes) = (String::new(), [0; 4096]);
            while !answer.contains("\"ok\":") {
                match stream.read(&mut bytes)? {
                    0 => return Err(ErrorKind::UnexpectedEof.into()),
                    length => answer.push_str(&String::from_utf8_lossy(&bytes[..length])),
                }
            }
            Ok(answer)
        });
        let answer = answer.unwrap_or_else(|error| panic!("no answer to {command}: {error}\n{}", self.program.tail()));
        assert!(answer.contains("\"ok\":true"), "{command}: {answer}");
    }
}

impl Phone for Baresip {
    fn program(&mut self) -> &mut Program {
        &mut self.program
    }

    fn is_answered(&mut self) {
        self.program.await_line("it talked", |line| line.contains("Call established").then_some(()));
    }

    fn holds(&mut self) {
        self.tells("hold");
    }

    fn transfers(&mut self) {
        self.tells("transfer sip:4999@127.0.0.1:5999");
    }

    fn hangs_up(&mut self) {
        self.tells("hangup");
    }

    fn is_hung_up_on(&mut self) {
        self.program.await_line("the call was over", |line| line.contains("session closed").then_some(()));
    }

    fn leaves(&mut self) {
        self.tells("quit");
        self.program.await_end();
    }

    fn recording(&mut self) -> PathBuf {
        let files = std::fs::read_dir(self.folder.path()).expect("the folder is there").map_while(Result::ok);
        let found = files.map(|file| file.path()).find(|path| path.to_string_lossy().ends_with("-dec.wav"));
        found.unwrap_or_else(|| panic!("the phone kept nothing of what it heard\n{}", self.program.tail()))
    }
}

/// The files that baresip wants in its folder.
fn prepare(folder: &Path, commands: u16) {
    let write = |name: &str, content: &[u8]| std::fs::write(folder.join(name), content).expect("the folder is ours");
    let place = folder.to_str().expect("a temporary folder's name is text");
    let config = CONFIG.replace("FOLDER", place).replace("MODULES", modules());
    write("config", config.replace("COMMANDS", &commands.to_string()).as_bytes());
    write("accounts", b"<sip:+13125550123@127.0.0.1>;regint=0\n");
    write("contacts", b"");
    write("silence.wav", &wave(&vec![0; RATE as usize * 8]));
}

/// Where the package keeps its modules: Debian's newer releases have them in a folder of the architecture.
fn modules() -> &'static str {
    [
        "/usr/lib/baresip/modules",
        "/usr/lib/x86_64-linux-gnu/baresip/modules",
        "/usr/lib/aarch64-linux-gnu/baresip/modules",
    ]
    .into_iter()
    .find(|path| Path::new(path).is_dir())
    .expect("baresip's modules are not installed: run `make deps`")
}
