//! The ledger's file: what is changed or missing is found, and what a full disk does to it.
use callbox::base::entropy::Entropy;
use callbox::base::now::{Now, Wall};
use callbox::edge::database::Trouble;
use callbox::edge::ledger::{Book, Chosen, Entry, Keeping, Kind, Told, Verdict, Writer, misdials, relay_calls};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::Duration;

const DAY: u64 = 24 * 60 * 60 * 1000;

/// A ledger in a folder of its own.
struct Kept {
    folder: tempfile::TempDir,
    book: Book,
    chance: Entropy,
}

impl Kept {
    /// With a begun call and a receipt for each of these organisations, a day apart.
    fn of(organisations: &[&str]) -> Kept {
        let folder = tempfile::tempdir().expect("a folder");
        let book = Book::create(&folder.path().join("ledger.db"), Wall::from_millis(0)).expect("a ledger");
        let mut kept = Kept { folder, book, chance: Entropy::seeded([3; 32]) };
        for (organisation, day) in organisations.iter().zip(1..) {
            let both = [Kind::Begun, Kind::Receipt].map(|kind| entry(kind, organisation, day * DAY, "{}"));
            kept.book.append(&both, &mut kept.chance).expect("it is written");
        }
        kept
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("ledger.db")
    }

    fn verdict(&self) -> Verdict {
        Book::look(&self.path()).expect("the ledger").verify().expect("it can be read")
    }

    /// The first that is wrong.
    fn wrong(&self) -> Option<u64> {
        self.verdict().wrong.map(|(place, _)| place)
    }

    /// Somebody who may write the file does so, past all that stands in the way.
    fn tamper(&self, sql: &str) {
        let connection = Connection::open(self.path()).expect("the file");
        let sql = format!("DROP TRIGGER entries_stay; DROP TRIGGER entries_hold; {sql}");
        connection.execute_batch(&sql).expect("it is SQL");
    }

    fn let_go(&mut self, organisation: &str, until: u64) -> u64 {
        let until = Wall::from_millis(until);
        self.book.let_go(organisation, until, Wall::from_millis(400 * DAY), &mut self.chance).expect("it is written")
    }

    fn shown(&self, chosen: &Chosen) -> Vec<String> {
        let mut shown = Vec::new();
        let each = |kept: &callbox::edge::ledger::Kept| {
            shown.push(format!("{} {} {}", kept.place, kept.kind, kept.organisation))
        };
        self.book.each(chosen, each).expect("it can be read");
        shown
    }
}

fn entry(kind: Kind, organisation: &str, at: u64, body: &str) -> Entry {
    Entry { at, kind, organisation: organisation.into(), call: format!("call-{at}"), body: body.into() }
}

#[test]
fn a_ledger_that_nobody_touched_is_sound_and_its_owner_alone_reads_it() {
    use std::os::unix::fs::PermissionsExt;
    let kept = Kept::of(&["acme", "other", "acme"]);
    let verdict = kept.verdict();
    assert_eq!((verdict.entries, verdict.let_go, verdict.wrong), (6, 0, None));
    assert_eq!((verdict.entries, verdict.head), kept.book.head().expect("a head"));
    assert_eq!(kept.book.place_of(verdict.head).expect("a look"), Some(6));
    assert_eq!(std::fs::metadata(kept.path()).expect("the file").permissions().mode() & 0o777, 0o600);
}

#[test]
fn whatever_is_changed_or_taken_out_is_found_with_its_place() {
    for (sql, place) in [
        ("UPDATE entries SET body = '{\"way\":\"direct\"}' WHERE place = 3", 3),
        ("UPDATE entries SET at = at + 1 WHERE place = 4", 4),
        ("UPDATE entries SET organisation = 'other' WHERE place = 2", 2),
        ("UPDATE entries SET kind = 'begun' WHERE place = 2", 2),
        ("UPDATE entries SET call = '' WHERE place = 5", 5),
        ("UPDATE entries SET salt = zeroblob(16) WHERE place = 1", 1),
        ("UPDATE entries SET link = zeroblob(32) WHERE place = 6", 6),
        ("UPDATE entries SET seal = zeroblob(7) WHERE place = 6", 6),
        ("UPDATE entries SET body = NULL, salt = NULL WHERE place = 4", 4),
        ("UPDATE entries SET body = NULL WHERE place = 4", 4),
        ("DELETE FROM entries WHERE place = 1", 1),
        ("DELETE FROM entries WHERE place = 3", 3),
        ("DELETE FROM entries WHERE place = 5; UPDATE entries SET place = 5 WHERE place = 6", 5),
    ] {
        let kept = Kept::of(&["acme", "acme", "acme"]);
        kept.tamper(sql);
        assert_eq!(kept.wrong(), Some(place), "{sql}");
    }
}

#[test]
fn what_is_cut_off_at_the_end_is_found_by_a_head_that_was_told_before() {
    let kept = Kept::of(&["acme", "acme"]);
    let head = kept.verdict().head;
    kept.tamper("DELETE FROM entries WHERE place > 3");
    assert_eq!(kept.wrong(), None, "nothing in it says that there was more");
    assert_eq!(kept.book.place_of(head).expect("a look"), None);
}

#[test]
fn the_file_itself_lets_nobody_change_or_delete_an_entry_by_accident() {
    let kept = Kept::of(&["acme"]);
    let connection = Connection::open(kept.path()).expect("the file");
    for sql in ["DELETE FROM entries", "UPDATE entries SET at = 0", "UPDATE entries SET body = 'x'"] {
        assert!(connection.execute_batch(sql).is_err(), "{sql}");
    }
    assert_eq!(kept.wrong(), None);
}

#[test]
fn contents_go_when_their_time_is_over_and_the_chain_still_holds() {
    let mut kept = Kept::of(&["acme", "other", "acme", "acme"]);
    assert_eq!(kept.let_go("acme", 4 * DAY), 4, "two calls are older");
    assert_eq!(kept.let_go("acme", 4 * DAY), 0);
    let verdict = kept.verdict();
    assert_eq!((verdict.entries, verdict.let_go, verdict.wrong), (9, 4, None));
    let connection = Connection::open(kept.path()).expect("the file");
    let left: u64 = connection
        .query_row(
            "SELECT count(*) FROM entries WHERE place IN (1, 2, 5, 6) AND (body IS NOT NULL OR salt IS NOT NULL)",
            [],
            |row| row.get(0),
        )
        .expect("a count");
    assert_eq!(left, 0, "nothing is left to guess the content by");
    kept.tamper("UPDATE entries SET body = NULL, salt = NULL WHERE place = 3");
    assert_eq!(kept.wrong(), Some(3), "of another organisation nothing was due");
    let mut kept = Kept::of(&["acme", "acme"]);
    kept.let_go("acme", DAY + 1);
    kept.tamper("UPDATE entries SET body = NULL, salt = NULL WHERE place = 3");
    assert_eq!(kept.wrong(), Some(3), "that one was younger");
}

#[test]
fn entries_are_chosen_by_time_and_organisation_and_a_call_that_has_its_receipt_is_shown_once() {
    let mut kept = Kept::of(&["acme", "other", "acme"]);
    let left = entry(Kind::Begun, "acme", 9 * DAY, "{}");
    kept.book.append(&[left], &mut kept.chance).expect("it is written");
    assert_eq!(kept.shown(&Chosen::default()), ["2 receipt acme", "4 receipt other", "6 receipt acme", "7 begun acme"]);
    let chosen = Chosen {
        from: Some(Wall::from_millis(DAY)),
        to: Some(Wall::from_millis(3 * DAY)),
        organisation: Some("acme".into()),
    };
    assert_eq!(kept.shown(&chosen), ["2 receipt acme"]);
}

#[test]
fn a_file_that_is_no_ledger_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.db");
    assert!(matches!(Book::look(&path), Err(Trouble::Absent(_))));
    Connection::open(&path).expect("a file").execute_batch("CREATE TABLE recipes (name TEXT)").expect("it is SQL");
    assert!(matches!(Book::create(&path, Wall::default()), Err(Trouble::Foreign(_))));
}

fn at(millis: u64) -> Now {
    Now { wall: Wall::from_millis(millis), ..Now::default() }
}

#[test]
fn a_clock_that_is_set_years_ahead_lets_go_of_nothing_for_a_week_and_the_ledger_says_that_it_moved() {
    const YEAR: u64 = 365 * DAY;
    let kept = Kept::of(&["acme", "acme"]);
    // A node that starts with its clock there, and looks at once.
    let starts = |now: u64| {
        let keeping = Keeping { now: Box::new(move || at(now)), kept: Box::new(|_| Duration::from_millis(YEAR)) };
        let book = Book::create(&kept.path(), Wall::from_millis(now)).expect("the ledger");
        let (tell, told) = mpsc::channel();
        let news = move |news| drop(tell.send(news));
        drop(Writer::start(book, Entropy::seeded([9; 32]), keeping, 8, news).expect("a thread"));
        let verdict = kept.verdict();
        assert_eq!(verdict.wrong, None);
        (verdict.let_go, told.try_iter().collect::<Vec<_>>())
    };
    let ahead = 5 * YEAR;
    assert_eq!(starts(3 * DAY), (0, vec![]), "all is as it should be");
    assert_eq!(starts(ahead), (0, vec![Told::ClockMoved((ahead - 2 * DAY) / 1000)]));
    assert_eq!(starts(ahead + DAY), (0, vec![]), "starting again changes nothing");
    assert_eq!(starts(4 * DAY), (0, vec![Told::ClockMoved((ahead - 4 * DAY) / 1000)]), "set right, it moved again");
    assert_eq!(starts(ahead), (0, vec![Told::ClockMoved((ahead - 4 * DAY) / 1000)]));
    assert_eq!(starts(ahead + 8 * DAY), (4, vec![]), "nobody minds for a week, so that is what time it is");
    let moves = kept.shown(&Chosen::default()).iter().filter(|line| line.contains(" clock ")).count();
    assert_eq!(moves, 3, "each is in the ledger");
}

#[test]
fn what_a_node_entered_before_it_knew_the_time_is_as_young_as_what_stands_before_it() {
    let mut kept = Kept::of(&["acme"]);
    let entries = [300 * DAY, 1, 301 * DAY].map(|at| entry(Kind::Receipt, "acme", at, "{}"));
    kept.book.append(&entries, &mut kept.chance).expect("it is written");
    assert_eq!(kept.let_go("acme", 200 * DAY), 2, "the first call, and not the one of 1970");
    assert_eq!(kept.let_go("acme", 301 * DAY), 2);
    assert_eq!(kept.wrong(), None);
}

/// A ledger with a thread that writes it.
fn writer(book: Book, room: usize) -> (Writer, mpsc::Receiver<Told>) {
    let keeping = Keeping { now: Box::new(|| at(DAY)), kept: Box::new(|_| Duration::MAX) };
    let (tell, told) = mpsc::channel();
    let news = move |news| drop(tell.send(news));
    (Writer::start(book, Entropy::seeded([4; 32]), keeping, room, news).expect("a thread"), told)
}

#[test]
fn while_nothing_can_be_written_receipts_wait_and_what_finds_no_room_is_told_by_the_ledger_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("ledger.db");
    let book = Book::create(&path, Wall::default()).expect("a ledger");
    // Whoever holds the file for itself keeps others from writing, as a full disk does.
    let holder = Connection::open(&path).expect("the file");
    let (mut writer, told) = writer(book, 4);
    // The thread looks for contents whose time is over before it takes anything.
    holder.execute_batch("BEGIN IMMEDIATE").expect("it is free");
    let taken = (1..=300).filter(|at| writer.keep(entry(Kind::Receipt, "acme", *at, "{}"))).count();
    assert!(taken < 300, "there is not room for all");
    holder.execute_batch("COMMIT").expect("it was held");
    let written = || match told.recv_timeout(Duration::from_secs(20)).expect("news") {
        Told::Written(entries) => entries,
        news => panic!("{news:?}"),
    };
    let mut there = 0;
    while there < taken as u64 {
        there += written();
    }
    assert!(writer.keep(entry(Kind::Receipt, "acme", 301, "{}")));
    drop(writer);
    let book = Book::look(&path).expect("the ledger");
    let verdict = book.verify().expect("it can be read");
    let mut lost: Vec<u64> = Vec::new();
    let said = |body: &str| serde_json::from_str::<serde_json::Value>(body).expect("JSON")["entries"].as_u64();
    let each = |kept: &callbox::edge::ledger::Kept| {
        lost.extend(kept.body.as_deref().filter(|_| kept.kind == "loss").and_then(said));
    };
    book.each(&Chosen::default(), each).expect("it can be read");
    assert_eq!(lost.iter().sum::<u64>(), 300 - taken as u64, "each loss is told once");
    assert_eq!((verdict.entries, verdict.wrong), (taken as u64 + 1 + lost.len() as u64, None));
}

/// A receipt in short.
fn told(way: &str, cause: &str, dialled: &str, lasted_us: u64, relay_answers: bool) -> String {
    let answered = if relay_answers { ",\"answered_us\":9" } else { "" };
    format!(
        "{{\"class\":\"emergency\",\"decision\":{{\"organisation\":\"acme\",\"site\":\"hq\",\"dialled\":\"{dialled}\",\
         \"line\":\"4117\",\"way\":\"{way}\",\"cause\":{cause}}},\"attempts\":[{{\"trunk\":\"relay\"{answered}}}],\
         \"signalled\":[{{\"trunk\":\"relay\",\"profile\":\"relay\"}}],\"end\":{{\"outcome\":\"completed\",\
         \"lasted_us\":{lasted_us}}}}}"
    )
}

#[test]
fn relay_calls_count_by_cause_and_short_calls_by_who_called_and_what_was_dialled() {
    let mut kept = Kept::of(&[]);
    let receipts = [
        told("relay", "\"stale\"", "911", 90_000_000, true),
        told("relay", "\"stale\"", "911", 3_000_000, false),
        told("direct", "null", "911", 90_000_000, true),
        told("direct", "null", "9911", 2_000_000, false),
        told("direct", "null", "911", 90_000_000, false),
        "{\"class\":\"test\",\"decision\":{\"way\":\"relay\"}}".into(),
    ];
    let entries: Vec<_> =
        receipts.iter().zip(1..).map(|(body, day)| entry(Kind::Receipt, "acme", day * DAY, body)).collect();
    kept.book.append(&entries, &mut kept.chance).expect("it is written");
    let counted = relay_calls(&kept.book, &Chosen::default()).expect("it can be read");
    let cause = |cause: &str| ("acme".to_owned(), cause.to_owned());
    assert_eq!(counted.calls, BTreeMap::from([(cause("psap_failed"), 1), (cause("stale"), 2)]));
    let short = misdials(&kept.book, &Chosen::default(), Some(10_000_000)).expect("it can be read");
    let caller = |dialled: &str| ["acme", "hq", "4117", dialled].map(str::to_owned);
    assert_eq!(short.calls, BTreeMap::from([(caller("911"), (4, 1)), (caller("9911"), (1, 1))]));
    let short = misdials(&kept.book, &Chosen::default(), None).expect("it can be read");
    assert!(short.calls.is_empty(), "nobody hung up by what the config calls soon");
    kept.let_go("acme", 3 * DAY);
    let counted = relay_calls(&kept.book, &Chosen::default()).expect("it can be read");
    assert_eq!((counted.calls, counted.let_go), (BTreeMap::from([(cause("psap_failed"), 1)]), 2));
}
