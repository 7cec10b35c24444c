//! A disk that is full: calls go on, notices leave, and what had to wait is written when there is room again.
use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::noticed::{config, sink, webhook, within};
use crate::program::{DEADLINE, Program};
use crate::router::{self, metrics};
use crate::sipp::{Answerer, Caller};
use nix::sched::{CloneFlags, unshare};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// The size of the disk: more than enough for an empty ledger and an empty state.
const SIZE: &str = "size=4m";

/// A small disk of our own; where the system does not let us have one, a limit that the router's files may not grow beyond.
struct Disk {
    folder: TempDir,
    is_mounted: bool,
}

impl Disk {
    fn small() -> Disk {
        let folder = TempDir::new().expect("a temporary folder");
        // It is the calling thread alone that moves, with the programs that it starts.
        let may_mount = unshare(CloneFlags::CLONE_NEWNS).is_ok();
        let mounts = |arguments: &[&str], at: &Path| {
            Command::new("mount").args(arguments).arg(at).status().is_ok_and(|status| status.success())
        };
        let is_mounted = may_mount
            && mounts(&["--make-rprivate"], Path::new("/"))
            && mounts(&["-t", "tmpfs", "-o", SIZE, "tmpfs"], folder.path());
        if !is_mounted {
            eprintln!(
                "--- NO DISK OF OUR OWN: the router's files are kept from growing instead (it takes CAP_SYS_ADMIN)"
            );
        }
        Disk { folder, is_mounted }
    }

    fn is_full(&self, router: &Program) {
        if !self.is_mounted {
            return limit(router, "0:");
        }
        let mut filler = std::fs::File::create(self.folder.path().join("filler")).expect("the disk is ours");
        // By bytes at the end, so that not a page is left.
        for piece in [&[0; 4096][..], &[0; 1][..]] {
            while filler.write_all(piece).is_ok() {}
        }
    }

    fn has_room(&self, router: &Program) {
        match self.is_mounted {
            true => std::fs::remove_file(self.folder.path().join("filler")).expect("it is there"),
            false => limit(router, "unlimited:"),
        }
    }
}

/// What is on it goes with it.
impl Drop for Disk {
    fn drop(&mut self) {
        if self.is_mounted {
            // It fails only when it is gone already.
            let _ = Command::new("umount").arg("-l").arg(self.folder.path()).status();
        }
    }
}

fn limit(router: &Program, fsize: &str) {
    let mut command = Command::new("prlimit");
    command.arg("--pid").arg(router.id().to_string()).arg(format!("--fsize={fsize}"));
    assert!(command.status().expect("prlimit runs").success(), "a limit for the router's files");
}

/// What a command of the program says of this config.
fn says(config: &LabConfig, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_callbox"));
    let output = command.args(arguments).arg("--config").arg(config.file()).output().expect("it runs");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

/// Waits until it says of the ledger and of the outbox that the disk takes them, or that it does not.
fn tells(router: &mut Program, words: &str) {
    for what in ["ledger", "outbox"] {
        let is_told = |line: &str| line.contains(words) && line.contains(what);
        router.await_line(&format!("{words}: {what}"), |line| is_told(line).then_some(()));
    }
}

fn kept(page: &str, failing: u8) -> bool {
    ["ledger", "outbox"].iter().all(|what| page.contains(&format!("callbox_not_kept{{what=\"{what}\"}} {failing}\n")))
}

#[test]
fn a_full_disk_delays_no_call_and_no_notice_and_what_waited_is_written_when_there_is_room() {
    let _ports = LabPorts::locked();
    let disk = Disk::small();
    let (port, told) = sink(vec![]);
    let config = config(&webhook("desk", port, ""), "desk,acme,,,,emergency_call,webhook,desk,,,\n");
    config.replace("[node]", &format!("[node]\nstate = \"{}\"", disk.folder.path().display()));
    let psap = Answerer::start("psap", 5070);
    let mut router = router::run_limited(&config.file());
    disk.is_full(&router);
    for _ in 0..2 {
        Caller::new("call").calls();
        let request = told.recv_timeout(DEADLINE).expect("it is told");
        assert!(request.contains("\"kind\":\"emergency_call\""), "{request}");
    }
    tells(&mut router, "the disk takes nothing of this");
    within("the metrics say so", || kept(&metrics(), 1).then_some(()));
    assert!(metrics().contains("callbox_ledger_failing 1\n"), "{}", metrics());
    assert!(says(&config, &["ledger", "export"]).lines().all(|line| !line.contains("\"outcome\"")), "nothing is there");
    disk.has_room(&router);
    tells(&mut router, "the disk takes this again");
    within("the metrics say so", || kept(&metrics(), 0).then_some(()));
    let exported = within("both receipts are there", || {
        let exported = says(&config, &["ledger", "export"]);
        (exported.matches("\"outcome\":\"completed\"").count() == 2).then_some(exported)
    });
    assert!(!exported.contains("\"kind\":\"loss\""), "nothing was lost: {exported}");
    assert!(says(&config, &["ledger", "verify"]).contains(" entries, "));
    // Of each call that somebody dialled, and who answered.
    within("what became of all notices is noted", || {
        let listed = says(&config, &["notify", "list"]);
        (listed.lines().filter(|line| line.contains(" emergency_call ") && line.ends_with("delivered")).count() == 4)
            .then_some(())
    });
    drop((psap, router));
}
