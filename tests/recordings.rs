//! The recordings in the program are those of its sentences. `BLESS=1` makes them anew, with espeak-ng.
use callbox::edge::voice::{SPELLED, Speaker, compress};
use callbox::ivr::Sentence;
use std::path::Path;

const FILE: &str = "assets/recordings.adpcm";

#[test]
fn the_recordings_are_those_of_the_sentences() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, recorded()).expect("the repository can be written");
    }
    let file = std::fs::read(&path).expect("the recordings are there");
    let count = usize::from(u16::from_le_bytes([file[0], file[1]]));
    assert_eq!(count, Sentence::ALL.len() + SPELLED.len(), "run this with BLESS=1");
}

/// All recordings, made anew.
fn recorded() -> Vec<u8> {
    let speaker = Speaker { program: "espeak-ng".into(), voice: "en-us".into() };
    let letters = SPELLED.chars().map(|letter| if letter == '+' { "plus".into() } else { letter.to_string() });
    let texts = Sentence::ALL.iter().map(|sentence| sentence.text().to_owned()).chain(letters);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let render = |text: String| runtime.block_on(speaker.speak(&text)).expect("espeak-ng speaks");
    compress(&texts.map(render).collect::<Vec<_>>())
}
