//! A folder with a config, the lab's tables and a store.
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of its own; it goes with the value.
pub struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    /// A config whose store is not there yet.
    pub fn new() -> Bench {
        Bench::with_psap(5070, 5075)
    }

    /// The same with a PSAP and a PBX at these ports of loopback.
    pub fn with_psap(psap: u16, pbx: u16) -> Bench {
        let folder = tempfile::tempdir().expect("a folder");
        let shipped = conf();
        let config = format!(
            "[node]\ndomain = \"callbox.example\"\nstore = \"callbox.db\"\nloopback_only = true\ndial_plans = {:?}\n\
             device_models = {:?}\ncases = \"none\"\n[metrics]\naddress = \"\"\n\
             [[listener]]\ntransport = \"udp\"\naddress = \"127.0.0.1:0\"\n\
             [[trunk]]\nname = \"psap-1\"\nkind = \"psap-i3\"\nhost = \"127.0.0.1\"\nport = {psap}\nprobe = \"calls_only\"\n\
             [[trunk]]\nname = \"gateway\"\nkind = \"gateway\"\nhost = \"127.0.0.1\"\nport = 5074\nprobe = \"calls_only\"\n\
             [[trunk]]\nname = \"ivr\"\nkind = \"test\"\nhost = \"127.0.0.1\"\nport = 5076\nprobe = \"calls_only\"\n\
             [[trunk]]\nname = \"pbx\"\nkind = \"pbx\"\nhost = \"127.0.0.1\"\nport = {pbx}\nprobe = \"calls_only\"\n\
             [[source]]\ntrunk = \"pbx\"\norganisation = \"acme\"\ndefault_site = \"hq\"\n",
            shipped.join("dial-plan"),
            shipped.join("devices"),
        );
        std::fs::write(folder.path().join("callbox.toml"), config).expect("a config");
        Bench { folder }
    }

    /// The same with the lab's tables in its store.
    pub fn of_the_lab() -> Bench {
        let bench = Bench::new();
        bench.takes(&[&lab_tables()]);
        bench
    }

    /// A path in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file of the folder.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        path
    }

    /// A command of callbox with this config.
    pub fn command(&self, name: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_callbox"));
        command.arg(name).arg("--config").arg(self.path("callbox.toml")).env("USER", "tester");
        command
    }

    /// What a command says; it must succeed.
    pub fn does(&self, name: &str, arguments: &[&Path]) -> String {
        let output = self.command(name).args(arguments).output().expect("callbox runs");
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// An import that must succeed.
    pub fn takes(&self, files: &[&Path]) -> String {
        self.does("import", files)
    }

    /// An import with options that must be refused with 64; what it says.
    pub fn refuses(&self, options: &[&str], files: &[&Path]) -> String {
        let output = self.command("import").args(options).args(files).output().expect("callbox runs");
        assert_eq!(output.status.code(), Some(64), "{} {}", text(&output.stdout), text(&output.stderr));
        text(&output.stderr)
    }

    /// All tables as they are exported.
    pub fn tables(&self) -> String {
        let to = tempfile::tempdir().expect("a folder");
        self.does("export", &[to.path()]);
        let files = ["organisations", "buildings", "locations", "sites", "numbers", "devices", "users", "wiremap"];
        let read = |name: &str| std::fs::read_to_string(to.path().join(format!("{name}.csv"))).expect("a table");
        files.map(read).join("\n")
    }
}

/// The files that are shipped.
pub fn conf() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("conf")
}

/// The lab's tables.
pub fn lab_tables() -> PathBuf {
    conf().join("lab")
}

/// A program's output.
pub fn text(output: &[u8]) -> String {
    String::from_utf8_lossy(output).into_owned()
}

/// The output of a command, whatever came of it.
pub fn said(output: &Output) -> String {
    text(&output.stdout) + &text(&output.stderr)
}
