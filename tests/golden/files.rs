//! Golden messages. `BLESS=1 cargo test --test golden` writes them anew.
use crate::columns::COLUMNS;
use crate::invites::INVITES;
use std::path::Path;

/// Compares a message with the golden file of this name.
pub fn compare(name: &str, message: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/messages").join(format!("{name}.sip"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder that can be made");
        return std::fs::write(&path, message).expect("a file that can be written");
    }
    let golden = std::fs::read(&path).unwrap_or_default();
    assert!(golden == message, "{} is not what leaves, which is\n{}", path.display(), String::from_utf8_lossy(message));
}

#[test]
fn every_kind_of_trunk_gets_the_invite_that_its_golden_file_shows() {
    for column in COLUMNS {
        for (name, invite) in INVITES {
            compare(&format!("invite-{}-{name}", column.name), &column.invite(invite));
        }
    }
}
