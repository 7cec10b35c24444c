//! A real phone, baresip, against the lab: what it hears it writes into a file.
use crate::lab_ports::LabPorts;
use crate::program::Program;
use crate::router;
use std::f64::consts::TAU;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// Samples a second.
const RATE: u32 = 8000;
/// What the lab's far ends play, in hertz.
const TONE: f64 = 440.0;

/// A phone without sound card or display: it says silence from a file, and `sndfile` keeps what it hears.
const CONFIG: &str = "\
poll_method poll
sip_listen 127.0.0.1:0
net_interface 127.0.0.1
module_path MODULES
module g711.so
module aufile.so
module aubridge.so
module sndfile.so
module_tmp account.so
module_app menu.so
audio_source aufile,FOLDER/silence.wav
audio_player aubridge,ear
audio_alert aubridge,ear
snd_path FOLDER
";

#[test]
fn a_real_phone_dials_911_and_hears_the_psap() {
    let _ports = LabPorts::locked();
    let _lab = router::lab();
    let folder = TempDir::new().expect("a temporary folder");
    prepare(folder.path());
    let mut command = Command::new("baresip");
    command.arg("-f").arg(folder.path()).args(["-e", "/dial sip:911@127.0.0.1", "-t", "4"]);
    let mut phone = Program::start("baresip", command, true);
    for step in ["180 Ringing", "Call established", "incoming rtp for 'audio' established"] {
        phone.await_line(step, |line| line.contains(step).then_some(()));
    }
    phone.await_end();
    let heard = samples(&recording(folder.path(), &mut phone));
    assert!(heard.len() > RATE as usize, "only {} samples were heard\n{}", heard.len(), phone.tail());
    let tone = strength(&heard, TONE);
    assert!(tone > 1000.0, "the lab's tone is missing: {tone}\n{}", phone.tail());
}

/// The files that baresip wants in its folder.
fn prepare(folder: &Path) {
    let write = |name: &str, content: &[u8]| std::fs::write(folder.join(name), content).expect("the folder is ours");
    let place = folder.to_str().expect("a temporary folder's name is text");
    write("config", CONFIG.replace("FOLDER", place).replace("MODULES", modules()).as_bytes());
    write("accounts", b"<sip:+13125550123@127.0.0.1>;regint=0;outbound=\"sip:127.0.0.1:5060\"\n");
    write("contacts", b"");
    write("silence.wav", &wave(&vec![0; RATE as usize * 8]));
}

/// Where the package keeps its modules: Debian's newer releases have them in a folder of the architecture.
fn modules() -> &'static str {
    [
        "/usr/lib/baresip/modules",
        "/usr/lib/x86_64-linux-gnu/baresip/modules",
        "/usr/lib/aarch64-linux-gnu/baresip/modules",
    ]
    .into_iter()
    .find(|path| Path::new(path).is_dir())
    .expect("baresip's modules are not installed: run `make deps`")
}

/// A mono 16-bit file of these samples.
fn wave(samples: &[i16]) -> Vec<u8> {
    let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut file = b"RIFF".to_vec();
    file.extend((36 + data.len() as u32).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(RATE.to_le_bytes());
    file.extend((RATE * 2).to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend((data.len() as u32).to_le_bytes());
    file.extend(data);
    file
}

/// What the phone decoded and kept: `dump-TIME-dec.wav`.
fn recording(folder: &Path, phone: &mut Program) -> PathBuf {
    let files = std::fs::read_dir(folder).expect("the folder is there").map_while(Result::ok);
    let found = files.map(|file| file.path()).find(|path| path.to_string_lossy().ends_with("-dec.wav"));
    found.unwrap_or_else(|| panic!("the phone kept nothing of what it heard\n{}", phone.tail()))
}

/// The samples of a mono 16-bit file, after its header of 44 bytes.
fn samples(file: &Path) -> Vec<i16> {
    let bytes = std::fs::read(file).expect("the recording can be read");
    bytes.get(44..).unwrap_or_default().chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect()
}

/// How loud one pitch is in a second of these samples, in units of a sample: its Fourier coefficient.
fn strength(samples: &[i16], hertz: f64) -> f64 {
    let second = &samples[..samples.len().min(RATE as usize)];
    let (mut cosine, mut sine) = (0.0, 0.0);
    for (n, sample) in second.iter().enumerate() {
        let turn = TAU * hertz * n as f64 / f64::from(RATE);
        cosine += f64::from(*sample) * turn.cos();
        sine += f64::from(*sample) * turn.sin();
    }
    2.0 * f64::hypot(cosine, sine) / second.len() as f64
}
