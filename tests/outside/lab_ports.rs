//! The lab's ports are fixed, so there is one lab at a time in one network. Where the system lets us make networks, each
//! test has one of its own and they run side by side; elsewhere they take turns, on this machine and not only in this
//! process.
use nix::sched::{CloneFlags, unshare};
use std::fs::File;
use std::process::Command;

/// The right to use the lab's ports. It ends with the value, or with the process.
pub struct LabPorts {
    _locked: Option<File>,
}

impl LabPorts {
    /// Takes a network for this thread and for all that it starts, or waits for its turn.
    pub fn locked() -> LabPorts {
        // It is the calling thread alone that moves; programs and threads that it starts afterwards are where it is.
        match unshare(CloneFlags::CLONE_NEWNET) {
            Ok(()) => {
                let up = Command::new("ip").args(["link", "set", "lo", "up"]).status();
                assert!(up.expect("ip runs; `make deps` installs it").success(), "a network has its loopback");
                LabPorts { _locked: None }
            }
            Err(_) => LabPorts { _locked: Some(turn()) },
        }
    }
}

fn turn() -> File {
    let path = std::env::temp_dir().join("callbox-lab-ports.lock");
    let file = File::options().create(true).append(true).open(&path).expect("the lock file opens");
    file.lock().expect("the lock is granted");
    file
}
