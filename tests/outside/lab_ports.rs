//! The lab's ports are fixed, so there is one lab at a time: on this machine, not only in this process.
use std::fs::File;

/// The right to use the lab's ports. It ends with the value, or with the process.
pub struct LabPorts {
    _locked: File,
}

impl LabPorts {
    /// Waits for its turn.
    pub fn locked() -> LabPorts {
        let path = std::env::temp_dir().join("callbox-lab-ports.lock");
        let file = File::options().create(true).append(true).open(&path).expect("the lock file opens");
        file.lock().expect("the lock is granted");
        LabPorts { _locked: file }
    }
}
