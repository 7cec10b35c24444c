//! linphonec without sound card or display: files stand for both, and it takes commands on its standard input.
use super::Phone;
use crate::program::Program;
use std::path::PathBuf;
use std::process::Command;
use tempfile::TempDir;

/// Its media stays on loopback, whatever other addresses the machine has: it would name one of those.
const CONFIG: &str = "\
[sip]
sip_port=-1
sip_tcp_port=-1
default_proxy=-1
contact=\"Phone\" <sip:+13125550123@127.0.0.1>
guess_hostname=1
register_only_when_network_is_up=0

[rtp]
audio_rtp_port=-1
bind_address=127.0.0.1

[video]
enabled=0
";

/// A running linphonec.
pub struct Linphone {
    program: Program,
    folder: TempDir,
}

impl Linphone {
    /// A phone of room 101 that dials this at once.
    pub fn dials(uri: &str) -> Linphone {
        let folder = TempDir::new().expect("a temporary folder");
        let config = folder.path().join("linphonerc");
        std::fs::write(&config, CONFIG).expect("the folder is ours");
        // Its own tables go there, and it does not make the folder.
        std::fs::create_dir_all(folder.path().join(".local/share/linphone")).expect("the folder is ours");
        let mut command = Command::new("linphonec");
        command.arg("-c").arg(config).args(["-d", "0"]).env("HOME", folder.path()).env_remove("DISPLAY");
        let mut program = Program::start_with_input("linphonec", command);
        program.says("soundcard use files");
        program.says(&format!("record {}", folder.path().join("heard.wav").display()));
        program.says(&format!("call {uri}"));
        Linphone { program, folder }
    }
}

impl Phone for Linphone {
    fn program(&mut self) -> &mut Program {
        &mut self.program
    }

    fn is_answered(&mut self) {
        self.program.await_line("it talked", |line| line.contains("Media streams established").then_some(()));
    }

    fn holds(&mut self) {
        self.program.says("pause");
    }

    fn transfers(&mut self) {
        self.program.says("transfer sip:4999@127.0.0.1:5999");
    }

    fn hangs_up(&mut self) {
        self.program.says("terminate");
    }

    fn is_hung_up_on(&mut self) {
        self.program.await_line("the call was over", |line| line.contains("ended (").then_some(()));
    }

    fn leaves(&mut self) {
        self.program.says("quit");
        self.program.await_end();
    }

    fn recording(&mut self) -> PathBuf {
        self.folder.path().join("heard.wav")
    }
}
