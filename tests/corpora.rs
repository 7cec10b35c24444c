//! What the fuzzers are given to begin with, and what once made them fail, is tried by every run of the tests; and a
//! little of what they would make of it, from a fixed seed.
#[path = "../fuzz/bodies/mod.rs"]
mod bodies;

use callbox::base::entropy::Entropy;
use std::path::{Path, PathBuf};

type Check = fn(&[u8]);

/// How many inputs are made up from the kept ones, for each target.
const MADE_UP: usize = 1000;

#[test]
fn every_kept_datagram_keeps_the_readers_promises() {
    let mut kept = kept("reader");
    kept.extend(files(&root().join("tests/data/torture/rfc4475")));
    kept.extend(files(&root().join("tests/data/torture/rfc5118")));
    try_all(bodies::reader::check, &kept);
}

#[test]
fn every_kept_stream_keeps_the_framers_promises() {
    try_all(bodies::framing::check, &kept("framing"));
}

#[test]
fn every_kept_body_keeps_the_promises_about_parts() {
    try_all(bodies::multipart::check, &kept("multipart"));
}

#[test]
fn every_kept_description_keeps_the_promises_about_sessions() {
    try_all(bodies::sdp::check, &kept("sdp"));
}

#[test]
fn every_kept_location_request_is_answered() {
    try_all(bodies::held::check, &kept("held"));
}

#[test]
fn every_kept_location_keeps_the_promises_about_places() {
    try_all(bodies::pidf::check, &kept("pidf"));
}

#[test]
fn every_kept_script_leaves_the_good_call_alone() {
    try_all(bodies::engine::check, &kept("engine"));
}

/// Tries what is kept, and then what chance makes of it.
fn try_all(check: Check, kept: &[(PathBuf, Vec<u8>)]) {
    assert!(!kept.is_empty(), "nothing is kept");
    for (path, data) in kept {
        try_one(check, data, || path.display().to_string());
    }
    let mut chance = Entropy::seeded([7; 32]);
    for round in 0..MADE_UP {
        let (path, data) = &kept[below(&mut chance, kept.len())];
        let (_, other) = &kept[below(&mut chance, kept.len())];
        let mut data = data.clone();
        for _ in 0..=below(&mut chance, 4) {
            mutate(&mut chance, &mut data, other);
        }
        try_one(check, &data, || format!("{}, changed in round {round}: {}", path.display(), data.escape_ascii()));
    }
}

fn try_one(check: Check, data: &[u8], what: impl Fn() -> String) {
    if let Err(panic) = std::panic::catch_unwind(|| check(data)) {
        eprintln!("{}", what());
        std::panic::resume_unwind(panic);
    }
}

/// Changes a byte, takes a piece out, says one twice, or puts in a piece of another input.
fn mutate(chance: &mut Entropy, data: &mut Vec<u8>, other: &[u8]) {
    let at = below(chance, data.len() + 1);
    let end = at + below(chance, (data.len() - at).min(64) + 1);
    match below(chance, 5) {
        0 => data.get_mut(at).into_iter().for_each(|byte| *byte = chance.bits() as u8),
        1 => data.get_mut(at).into_iter().for_each(|byte| *byte ^= 1 << (chance.bits() % 8)),
        2 => data.drain(at..end).for_each(drop),
        3 => data.extend_from_within(at..end),
        _ => {
            let from = below(chance, other.len() + 1);
            let to = from + below(chance, (other.len() - from).min(64) + 1);
            data.splice(at..at, other[from..to].iter().copied()).for_each(drop);
        }
    }
}

fn below(chance: &mut Entropy, limit: usize) -> usize {
    chance.bits() as usize % limit.max(1)
}

/// The inputs that a target begins with, and those that once failed.
fn kept(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let mut kept = files(&root().join("fuzz/corpora").join(target));
    kept.extend(files(&root().join("fuzz/found").join(target)));
    kept
}

fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).expect("a readable file"))).collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
