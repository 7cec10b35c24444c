//! Three readers that share no code, over the same messages: callbox's, rsip and sipx-sip. Where two make different
//! things of one message, it is of a kind that a table names with who is right; a new kind fails.
mod adapters;
mod messages;
#[allow(dead_code, reason = "of the calls that the tests of the engine can make, only some are made here")]
#[path = "../engine/peers.rs"]
mod peers;
mod rows;
mod rsip_rows;
mod said;
mod sipx_rows;
#[allow(dead_code, reason = "as above")]
#[path = "../engine/world.rs"]
mod world;
mod written;
#[path = "../xmllint/mod.rs"]
mod xmllint;

use callbox::sip::message::Message;
use messages::Kept;
use rows::{Case, Reader, Right, Row};
use said::{Part, Said, What, differences};

/// How many messages chance makes of those that are kept.
const CHANGED: usize = 3000;

#[test]
fn wherever_another_reader_reads_something_else_it_is_known_and_explained() {
    let mut all = messages::kept();
    all.extend(messages::rare());
    all.extend(messages::changed(CHANGED));
    let mut met = vec![0; rows().count()];
    let mut unknown = Vec::new();
    for kept in &all {
        for reader in [Reader::Rsip, Reader::Sipx] {
            unknown.extend(unexplained(kept, reader, &mut met));
        }
    }
    let shown = unknown.iter().take(20).map(|words| format!("{words}\n")).collect::<String>();
    assert!(unknown.is_empty(), "{} differences of no kind that is known, of which\n{shown}", unknown.len());
    for (row, met) in rows().zip(met) {
        println!("{met:5} {:?}: {} ({:?}, {}: {})", row.reader, row.name, row.right, row.section, row.why);
        assert!(met > 0, "nothing is met any more of {:?}: {}", row.reader, row.name);
    }
}

#[test]
fn no_two_rows_have_one_name_and_each_says_why() {
    let mut names: Vec<_> = rows().map(|row| (row.reader as u8, row.name)).collect();
    names.sort_unstable();
    assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    assert!(rows().all(|row| row.section.starts_with("RFC ") && row.section.contains('§') && !row.why.is_empty()));
}

#[test]
fn the_strict_reader_reads_another_value_in_one_case_alone() {
    let both_read =
        |row: &&Row| !matches!(row.ours, rows::Side::Refused(_)) && !matches!(row.theirs, rows::Side::Refused(_));
    let both_read: Vec<_> = sipx_rows::ROWS.iter().filter(both_read).map(|row| row.name).collect();
    assert_eq!(both_read, ["a first line that is folded"]);
}

fn rows() -> impl Iterator<Item = &'static Row> {
    sipx_rows::ROWS.iter().chain(rsip_rows::ROWS)
}

/// The differences that no row explains; counts those that one does.
fn unexplained(kept: &Kept, reader: Reader, met: &mut [usize]) -> Vec<String> {
    let bytes = kept.shared();
    let (ours, strict) = (adapters::ours(&bytes), adapters::sipx(&bytes));
    let theirs = if reader == Reader::Rsip { adapters::rsip(&bytes) } else { strict.clone() };
    let message = Message::read_head(bytes.clone()).ok();
    let mut unknown = Vec::new();
    for difference in differences(&ours, &theirs) {
        let strict = strict.as_ref().ok().and_then(|said| part(said, difference.what));
        let case = Case { bytes: &bytes, message: message.as_ref(), difference: &difference, strict };
        let mut explained = rows().zip(met.iter_mut()).filter(|(row, _)| row.explains(reader, &case)).peekable();
        if explained.peek().is_none() {
            unknown.push(format!("{}: {reader:?}, {difference:?}, in {}", kept.from, bytes.escape_ascii()));
        }
        explained.for_each(|(_, met)| *met += 1);
    }
    unknown
}

fn part(said: &Said, what: What) -> Option<&Part> {
    said.iter().find(|(of, _)| *of == what).map(|(_, part)| part)
}

/// Whether rsip's refusal of this message is a want of rsip's.
fn is_beyond_rsip(kept: &Kept) -> bool {
    let bytes = kept.shared();
    let (ours, theirs) = (adapters::ours(&bytes), adapters::rsip(&bytes));
    let message = Message::read_head(bytes.clone()).ok();
    let strict = adapters::sipx(&bytes).ok();
    differences(&ours, &theirs).iter().all(|difference| {
        let strict = strict.as_ref().and_then(|said| part(said, difference.what));
        let case = Case { bytes: &bytes, message: message.as_ref(), difference, strict };
        rsip_rows::ROWS.iter().any(|row| row.right == Right::Ours && row.explains(Reader::Rsip, &case))
    })
}
