//! Stores of every schema, and backups.
use crate::bench::{Bench, text};
use callbox::base::now::Wall;
use callbox::edge::store::{NEWEST, News, Store, Trouble, back_up};
use callbox::record::table::plan::Edit;
use callbox::record::table::{Cells, Key, Kind};
use std::path::Path;

const NOW: Wall = Wall::from_millis(1_800_000_000_000);

#[test]
fn a_store_of_every_schema_that_ever_was_is_brought_up_with_all_it_holds() {
    for version in 1..=NEWEST {
        let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/store/{version}.sql"));
        let sample = std::fs::read_to_string(&sample).unwrap_or_else(|error| panic!("{}: {error}", sample.display()));
        let bench = Bench::new();
        let made = rusqlite::Connection::open(bench.path("callbox.db")).expect("a database");
        made.execute_batch(&sample).expect("the sample is SQL");
        made.close().expect("it closes");
        let other = Bench::new();
        other.takes(&[&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/store/tables")]);
        assert_eq!(bench.tables(), other.tables(), "the sample of schema {version}");
        let more = bench.write("numbers.csv", "number,site\n4121,hq\n");
        assert!(bench.takes(&[&more]).ends_with("version 2\n"));
    }
}

#[test]
fn a_backup_brings_back_what_was_and_a_broken_one_changes_nothing() {
    let bench = Bench::of_the_lab();
    let before = bench.tables();
    let backup = bench.path("kept.db");
    assert!(bench.does("backup", &[&backup]).starts_with("version 1 is in "));
    bench.takes(&[&bench.write("numbers.csv", "number,site\n4121,hq\n")]);
    let after = bench.tables();
    assert_ne!(before, after);
    let again = bench.command("backup").arg(&backup).output().expect("callbox runs");
    assert!(text(&again.stderr).contains("is there already"), "a backup is never written over");
    let whole = std::fs::read(&backup).expect("the backup");
    let broken = bench.path("broken.db");
    std::fs::write(&broken, &whole[..whole.len() / 2]).expect("a file");
    let strange = bench.write("strange.db", "not a database at all");
    for wrong in [&broken, &strange, &bench.path("nowhere.db")] {
        let output = bench.command("restore").arg(wrong).output().expect("callbox runs");
        assert!(!output.status.success(), "{}: {}", wrong.display(), text(&output.stdout));
        assert_eq!(bench.tables(), after, "{}", wrong.display());
    }
    assert_eq!(bench.does("restore", &[&backup]), "version 3\n");
    assert_eq!(bench.tables(), before);
    assert_eq!(std::fs::read(&backup).expect("the backup"), whole, "restoring leaves the backup alone");
}

fn number(text: &str) -> Cells {
    Cells::new([text, "hq", "", "", "", "acme"])
}

#[test]
fn a_store_tells_what_was_touched_since_and_refuses_a_change_that_was_planned_for_another_version() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.db");
    assert!(matches!(Store::open(&path, NOW), Err(Trouble::Absent(_))));
    let mut store = Store::create(&path, NOW).expect("a store");
    let mut other = Store::open(&path, NOW).expect("the same store");
    let pulse = other.pulse().expect("a pulse");
    let put = |text: &str| Edit::Put { kind: Kind::Numbers, line: number(text), before: None };
    let key = |text| (Kind::Numbers, Key::new(["acme", text]));
    assert_eq!(store.append(0, &[put("4117"), put("4118")], "somebody", "two", NOW).expect("a change"), 1);
    assert_ne!(other.pulse().expect("a pulse"), pulse);
    assert_eq!(other.since(0).expect("news"), (News::Touched(vec![key("4117"), key("4118")]), 1));
    assert!(matches!(other.append(0, &[put("4119")], "somebody", "late", NOW), Err(Trouble::Moved)));
    let remove = Edit::Remove { kind: Kind::Numbers, key: key("4117").1 };
    assert_eq!(other.append(1, &[remove], "somebody", "one less", NOW).expect("a change"), 2);
    assert_eq!(store.since(1).expect("news"), (News::Touched(vec![key("4117")]), 2));
    assert_eq!(store.since(2).expect("news"), (News::Touched(Vec::new()), 2));
    assert_eq!(store.since(9).expect("news"), (News::All, 2), "somebody put an older store there");
    assert_eq!(store.line(Kind::Numbers, &key("4117").1).expect("a look"), None);
    assert_eq!(store.line(Kind::Numbers, &key("4118").1).expect("a look"), Some(number("4118")));
    back_up(&store, &folder.path().join("b.db")).expect("a backup");
}
