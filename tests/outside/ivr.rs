//! 933 as a phone hears it: the sound that came over RTP is held against what espeak-ng says, rendered here once more and
//! by other means.
use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::program::Program;
use crate::router;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Samples a second at which sounds are searched: enough for a voice's pitch and first formants.
const RATE: usize = 2000;
/// What two renderings of the same words have in common at least; others have less than half of it.
const ALIKE: f64 = 0.75;

#[test]
fn a_phone_hears_its_number_its_room_and_where_an_emergency_call_would_go() {
    let _ports = LabPorts::locked();
    let _lab = router::lab();
    let (_, sound) = dials(&["933", "--seconds", "48"]);
    let mut ear = Ear::new(&sound);
    for sentence in [
        "This is a test. No emergency service was called.",
        "Your number is",
        "3 1 2 ",
        "5 5 5 ",
        "0 1 2 3 ",
        "Emergency services would call you back at",
        "0 1 2 3 ",
        "Your address is",
        "1 0 0 ",
        "Example Plaza",
        "Floor",
        "Room",
        "1 0 1 ",
        "Chicago",
        "6 0 6 0 1 ",
        "It is the address on record for your number.",
        "An emergency call from here goes directly to an emergency center.",
        "Press 2 if anything is wrong.",
    ] {
        ear.hears(sentence);
    }
    let strange = Ear::new(&sound).likeness(&rendered("An emergency call from here goes to a relay center"));
    assert!(strange < ALIKE, "what was not said is not heard: {strange}");
}

#[test]
fn one_reads_it_again_and_two_is_noted_in_the_log_without_a_word_of_who_called() {
    let _ports = LabPorts::locked();
    let config = LabConfig::copied();
    let mut router = traced(&config);
    let (_, sound) = dials(&["933", "--seconds", "14", "--press", "12"]);
    let mut ear = Ear::new(&sound);
    ear.hears("This is a test. No emergency service was called.");
    ear.hears("This is a test. No emergency service was called.");
    ear.hears("Thank you. It was noted that something is wrong.");
    router.await_line("the report", |line| line.contains("says that what it heard is wrong").then_some(()));
    assert!(router::metrics().contains("callbox_wrong_tests_total 1"));
    let log = ended(&mut router);
    for private in ["3125550123", "Example", "Plaza", "Chicago", "60601", "hq-101"] {
        assert!(!log.contains(private), "{private} is in the log");
    }
}

#[test]
fn without_espeak_ng_it_speaks_from_recordings() {
    let _ports = LabPorts::locked();
    let config = LabConfig::copied();
    config.replace("before_trunks = true", "before_trunks = true\nspeech = \"/nowhere/espeak-ng\"");
    let mut router = traced(&config);
    let (_, sound) = dials(&["933", "--seconds", "14"]);
    let mut ear = Ear::new(&sound);
    ear.hears("This is a test. No emergency service was called.");
    ear.hears("Your number is");
    ear.hears("Emergency services would call you back at");
    router.await_line("the recordings", |line| line.contains("read from recordings").then_some(()));
}

#[test]
fn a_test_call_of_a_site_that_is_not_switched_on_goes_by_its_gateway() {
    let _ports = LabPorts::locked();
    let mut lab = router::lab();
    let (said, _) = dials(&["933", "--from", "+13125550170"]);
    assert!(said.contains("440 Hz"), "the gateway's tone is heard: {said}");
    lab.await_line("the gateway took it", |line| (line.contains("gateway") && line.contains("ACK")).then_some(()));
}

#[test]
fn a_test_call_of_a_site_with_stage_one_alone_is_told_of_its_gateway() {
    let _ports = LabPorts::locked();
    let _lab = router::lab();
    let (_, sound) = dials(&["933", "--from", "+13125550150", "--seconds", "42"]);
    let mut ear = Ear::new(&sound);
    ear.hears("Your address is");
    ear.hears("Sample Street");
    ear.hears("An emergency call from here goes by the telephone gateway of your site.");
}

/// `callbox call` with these arguments: what it said, and the samples of what it heard.
pub fn dials(arguments: &[&str]) -> (String, Vec<i16>) {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("heard.wav");
    let output = Command::new(env!("CARGO_BIN_EXE_callbox"))
        .arg("call")
        .args(arguments)
        .arg("--record")
        .arg(&file)
        .output()
        .expect("callbox starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    (said, samples(&file))
}

/// A router of this config that logs everything.
fn traced(config: &LabConfig) -> Program {
    config.replace("[metrics]", "[log]\nlevel = \"trace\"\n\n[metrics]");
    router::run_file(&config.file())
}

/// All that a router said until it has left.
fn ended(router: &mut Program) -> String {
    router.signal("TERM");
    router.await_end();
    router.said().join("\n")
}

/// The samples of a WAVE file with a plain header.
fn samples(file: &Path) -> Vec<i16> {
    let bytes = std::fs::read(file).expect("the recording can be read");
    pairs(bytes.get(44..).unwrap_or_default())
}

fn pairs(bytes: &[u8]) -> Vec<i16> {
    bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

/// What espeak-ng says, without the silence around it.
pub fn rendered(text: &str) -> Sound {
    let mut child = Command::new("espeak-ng")
        .args(["-v", "en-us", "-s", "150", "-b", "1", "--stdin", "--stdout"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("espeak-ng is not installed: run `make deps`");
    child.stdin.take().expect("it is piped").write_all(text.as_bytes()).expect("espeak-ng reads");
    let output = child.wait_with_output().expect("espeak-ng ends").stdout;
    let speech = pairs(&output[44..]);
    let is_loud = |sample: &i16| sample.unsigned_abs() > 300;
    let first = speech.iter().position(is_loud).expect("speech is loud");
    let last = speech.iter().rposition(is_loud).expect("speech is loud");
    Sound::new(&speech[first..=last], 22_050)
}

/// A sound at two rates: one to search in, and one to look closely.
#[derive(Clone)]
pub struct Sound {
    coarse: Vec<f64>,
    fine: Vec<f64>,
}

/// How many fine samples are one coarse one.
const FINER: usize = 4;

impl Sound {
    /// Samples at so many a second.
    pub fn new(samples: &[i16], rate: usize) -> Sound {
        let fine_rate = RATE * FINER;
        let count = samples.len().saturating_sub(1) * fine_rate / rate;
        let between = |place: usize| {
            let at = place as f64 * rate as f64 / fine_rate as f64;
            let (before, part) = (at as usize, at.fract());
            f64::from(samples[before]) * (1.0 - part) + f64::from(samples[before + 1]) * part
        };
        let fine: Vec<f64> = (0..count).map(between).collect();
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        let coarse = fine.chunks_exact(FINER).map(mean).collect();
        // What telephones cut away is no difference between two sounds.
        let fine = fine.windows(FINER).map(mean).collect();
        Sound { coarse, fine }
    }
}

/// Somebody who listens to a recording from its beginning to its end.
pub struct Ear {
    sound: Sound,
    /// The energy of all coarse samples up to each.
    energy: Vec<f64>,
    at: usize,
}

impl Ear {
    /// A recording at 8,000 samples a second.
    pub fn new(samples: &[i16]) -> Ear {
        let sound = Sound::new(samples, 8000);
        let mut sum = 0.0;
        let energy = core::iter::once(0.0).chain(sound.coarse.iter().map(|sample| {
            sum += sample * sample;
            sum
        }));
        Ear { energy: energy.collect(), sound, at: 0 }
    }

    /// Goes on to behind the first of these words, which must come within the next twenty seconds.
    pub fn hears(&mut self, words: &str) {
        let wanted = rendered(words);
        let (likeness, at) = self.first(&wanted, self.at, self.at + 20 * RATE);
        assert!(likeness > ALIKE, "{words:?} is not heard after {:.1} s: {likeness:.2}", self.at as f64 / RATE as f64);
        self.at = at + wanted.coarse.len() / 2;
    }

    /// How much like these sounds the most similar moment of all is, up to the first that is like them.
    pub fn likeness(&self, wanted: &Sound) -> f64 {
        self.first(wanted, 0, usize::MAX).0
    }

    /// The first moment that is like these sounds, else the most similar one: how similar (the normalized correlation),
    /// and where.
    fn first(&self, wanted: &Sound, from: usize, to: usize) -> (f64, usize) {
        let length = wanted.coarse.len();
        let own = wanted.coarse.iter().map(|sample| sample * sample).sum::<f64>();
        let to = to.min(self.sound.coarse.len().saturating_sub(length + FINER));
        let mut best = (0.0, from);
        for at in from..to {
            let theirs = self.energy[at + length] - self.energy[at];
            let likeness =
                product(&self.sound.coarse[at..at + length], &wanted.coarse) / (theirs * own).sqrt().max(1.0);
            if likeness > ALIKE / 2.0 {
                let close = self.closely(wanted, at);
                if close > best.0 {
                    best = (close, at);
                }
            }
            if best.0 > ALIKE && at > best.1 + FINER {
                break;
            }
        }
        best
    }

    /// How similar a moment is, and those right beside it.
    fn closely(&self, wanted: &Sound, at: usize) -> f64 {
        let length = wanted.fine.len();
        let own = product(&wanted.fine, &wanted.fine);
        let starts = (at * FINER).saturating_sub(FINER)..=at * FINER + FINER;
        let likeness = |start: usize| {
            let part = self.sound.fine.get(start..start + length)?;
            Some(product(part, &wanted.fine) / (product(part, part) * own).sqrt().max(1.0))
        };
        starts.filter_map(likeness).fold(0.0, f64::max)
    }
}

fn product(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}
