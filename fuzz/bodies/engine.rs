//! A live engine: a good emergency call is placed, answered and ended while others say what they like.
//!
//! The bytes are a script ([`SEPARATOR`] stands between its lines): who speaks, how long after the line before, and
//! what is said. `+` lets the good call take its next step; [`Scene::filled`] lists the marks that stand for what only
//! this call knows, so that a script can speak in its dialogs. What a plain check can see is held at every step.
mod peers;
mod scene;

use scene::{Event, Scene};

/// Between the lines of a script.
const SEPARATOR: u8 = 0x1e;

/// How many lines of a script are played.
const LINES: usize = 48;

/// Plays `data` to an engine.
///
/// # Panics
/// When the good call suffers from what it should not, when the engine writes what cannot be read, or when anything is
/// left of any call at the end of time.
pub fn check(data: &[u8]) {
    let mut scene = Scene::new();
    for line in data.split(|&byte| byte == SEPARATOR).take(LINES) {
        let (head, text) = line.split_at(line.len().min(2));
        let &[who, wait] = head else { continue };
        scene.wait(wait);
        scene.play(Event::of(who), text);
    }
    scene.finish();
}
