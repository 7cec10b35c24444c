//! Speech, rendered by a program beside us and kept: the sentences once, an address when it is first read. Without the
//! program it is put together from the recordings in this one.
use super::{recorded, wave};
use crate::ivr::Piece;
use core::time::Duration;
use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::io;
use std::process::Stdio;
use std::rc::Rc;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use tokio::sync::Semaphore;

/// How many pieces are rendered at once.
const AT_ONCE: usize = 2;
/// How long the program may take for one piece.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest file of the program that is read, in bytes: a minute at its usual rate.
const LONGEST: u64 = 3 << 20;
/// µ-law's silence.
const SILENCE: u8 = 0xff;
/// The silence behind a word, in samples: 60 ms.
const GAP: usize = 480;
/// The silence behind a sentence, in samples: 300 ms.
const PAUSE: usize = 2400;

/// What renders speech.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Speaker {
    /// The program: it reads a text on its standard input and writes a WAVE file, as espeak-ng does. Empty: none.
    pub program: String,
    /// Its voice.
    pub voice: String,
}

/// What renders and keeps speech.
pub struct Speech {
    speaker: Speaker,
    shelf: RefCell<Shelf>,
    at_once: Semaphore,
    /// Whether somebody was told that the program does not work.
    has_complained: Cell<bool>,
}

/// What is kept.
struct Shelf {
    pieces: HashMap<Piece, (Arc<[u8]>, u64)>,
    bytes: usize,
    most: usize,
    /// Counts every use, to tell what was not used for longest.
    uses: u64,
}

impl Speech {
    /// Nothing is kept yet; at most so many bytes will be.
    pub fn new(speaker: Speaker, most: usize) -> Speech {
        let shelf = Shelf { pieces: HashMap::new(), bytes: 0, most, uses: 0 };
        Speech { speaker, shelf: shelf.into(), at_once: Semaphore::new(AT_ONCE), has_complained: Cell::new(false) }
    }

    /// Renders a script ahead of its reading.
    pub fn prepare(speech: &Rc<Speech>, script: Arc<[Piece]>) {
        let speech = speech.clone();
        tokio::task::spawn_local(async move {
            for piece in script.iter() {
                let _kept = speech.rendered(piece).await;
            }
        });
    }

    /// A piece in µ-law, with the silence behind it.
    pub async fn rendered(&self, piece: &Piece) -> Arc<[u8]> {
        if *piece == Piece::Pause {
            return [SILENCE; PAUSE].into();
        }
        if let Some(kept) = self.shelf.borrow_mut().find(piece) {
            return kept;
        }
        // The semaphore is never closed.
        let _turn = self.at_once.acquire().await;
        if let Some(kept) = self.shelf.borrow_mut().find(piece) {
            return kept;
        }
        let spoken = match self.speaker.speak(&spoken(piece)).await {
            Ok(speech) => speech,
            Err(error) => {
                if !self.speaker.program.is_empty() && !self.has_complained.replace(true) {
                    tracing::warn!(%error, "no speech program; test calls are read from recordings");
                }
                recorded::spoken(piece)
            }
        };
        let rendered: Arc<[u8]> = spoken.into_iter().chain([SILENCE; GAP]).collect();
        self.shelf.borrow_mut().keep(piece, &rendered);
        rendered
    }
}

impl Shelf {
    fn find(&mut self, piece: &Piece) -> Option<Arc<[u8]>> {
        self.uses += 1;
        let uses = self.uses;
        self.pieces.get_mut(piece).map(|(rendered, used)| {
            *used = uses;
            rendered.clone()
        })
    }

    /// Keeps a piece; without room, the half goes first that was not used for longest.
    fn keep(&mut self, piece: &Piece, rendered: &Arc<[u8]>) {
        if self.bytes + rendered.len() > self.most {
            let mut uses: Vec<u64> = self.pieces.values().map(|(_, used)| *used).collect();
            uses.sort_unstable();
            let middle = uses.get(uses.len() / 2).copied().unwrap_or(0);
            self.pieces.retain(|_, (_, used)| *used > middle);
            self.bytes = self.pieces.values().map(|(rendered, _)| rendered.len()).sum();
        }
        if self.bytes + rendered.len() <= self.most
            && self.pieces.insert(piece.clone(), (rendered.clone(), self.uses)).is_none()
        {
            self.bytes += rendered.len();
        }
    }
}

/// The text for the program. What could be a command to it is left out: it reads text and no markup, and brackets begin
/// phonemes.
fn spoken(piece: &Piece) -> String {
    match piece {
        Piece::Fixed(sentence) => sentence.text().into(),
        Piece::Words(words) => {
            let plain = |letter: char| letter.is_alphanumeric() || " -',.&/".contains(letter);
            words.expose().chars().map(|letter| if plain(letter) { letter } else { ' ' }).collect()
        }
        Piece::Spelled(code) => {
            let mut out = String::new();
            for letter in code.expose().chars() {
                match letter {
                    '+' => out += "plus ",
                    _ if letter.is_alphanumeric() => out.extend([letter, ' ']),
                    _ => {}
                }
            }
            out
        }
        Piece::Pause => String::new(),
    }
}

impl Speaker {
    /// Renders a text in µ-law.
    ///
    /// # Errors
    /// The program is not there, takes too long, or writes no WAVE file.
    pub async fn speak(&self, text: &str) -> io::Result<Vec<u8>> {
        if self.program.is_empty() {
            return Err(io::ErrorKind::NotFound.into());
        }
        if text.trim().is_empty() {
            return Ok(Vec::new());
        }
        let file = tokio::time::timeout(PATIENCE, self.render(text)).await??;
        wave::to_ulaw(&file).ok_or_else(|| io::Error::other("it wrote no speech"))
    }

    /// The text goes in by a pipe: arguments are seen by everyone on the machine.
    async fn render(&self, text: &str) -> io::Result<Vec<u8>> {
        let mut child = Command::new(&self.program)
            .args(["-v", &self.voice, "-s", "150", "-b", "1", "--stdin", "--stdout"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let (Some(mut input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        // One piece is far less than a pipe holds.
        input.write_all(text.as_bytes()).await?;
        drop(input);
        let mut file = Vec::new();
        output.take(LONGEST).read_to_end(&mut file).await?;
        child.wait().await?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::private::Private;
    use crate::ivr::Sentence;

    fn words(text: &str) -> Piece {
        Piece::Words(Private::new(text.into()))
    }

    #[test]
    fn what_is_spelled_is_said_letter_by_letter_and_nothing_commands_the_program() {
        assert_eq!(spoken(&Piece::Spelled(Private::new("+1 B-12".into()))), "plus 1 B 1 2 ");
        assert_eq!(spoken(&words("[[x]] <b>St. John's</b>\n|Rd")), "  x    b St. John's /b   Rd");
    }

    #[test]
    fn the_shelf_holds_what_was_used_last_and_never_more_than_it_may() {
        let mut shelf = Shelf { pieces: HashMap::new(), bytes: 0, most: 1000, uses: 0 };
        let sound: Arc<[u8]> = [0; 300].into();
        for name in ["a", "b", "c"] {
            shelf.keep(&words(name), &sound);
            assert!(shelf.find(&words(name)).is_some());
        }
        assert!(shelf.find(&words("a")).is_some());
        shelf.keep(&words("d"), &sound);
        assert!(shelf.bytes <= 1000);
        assert!(shelf.find(&words("a")).is_some() && shelf.find(&words("d")).is_some());
        assert!(shelf.find(&words("b")).is_none());
        shelf.keep(&words("e"), &[0; 1001].into());
        assert!(shelf.find(&words("e")).is_none() && shelf.bytes <= 1000);
    }

    #[tokio::test]
    async fn without_a_program_a_sentence_is_its_recording() {
        let nowhere = Speaker { program: "/nowhere/espeak-ng".into(), voice: "en".into() };
        let speech = Speech::new(nowhere, 1 << 20);
        let greeting = speech.rendered(&Piece::Fixed(Sentence::Greeting)).await;
        assert_eq!(greeting[..greeting.len() - GAP], recorded::spoken(&Piece::Fixed(Sentence::Greeting))[..]);
        assert!(greeting.len() > 8000, "it lasts a second and more");
    }
}
