//! One side of a call, step by step, in lines that read like a ladder.
//!
//! | line | meaning |
//! |---|---|
//! | `> INVITE \| media 6010 \| Require: 100rel` | sends the request with this session description and this header |
//! | `< 183 INVITE \| m=audio 6020 \| Require: 100rel` | gets the response, in which a line begins so, and such a header has this word |
//! | `< INVITE \| no m=audio` | gets the request, in which no line begins so |
//!
//! After the port of `media` may stand a direction, else it is `sendrecv`; `nowhere` or `nowhere6`: then the address is
//! 0.0.0.0 or `::`; or `wordless` for no direction at all. `above` and `below` put a line before the stream or behind it,
//! `body` is a line of another body. `focus` marks the Contact as a conference's, `outside` leaves the dialog, and `after
//! 600` waits for so many milliseconds. A second INVITE in a dialog is called `re-INVITE`.

/// Who sends the step's message.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Sends,
    Gets,
}

/// A line of a script.
pub struct Step<'a> {
    pub way: Way,
    /// The code of a response.
    pub code: Option<u16>,
    /// The method of a request, or of the request that a response answers.
    pub method: &'a str,
    pub details: Vec<&'a str>,
}

impl Step<'_> {
    /// The method as it stands on the wire.
    pub fn on_the_wire(&self) -> &str {
        self.method.strip_prefix("re-").unwrap_or(self.method)
    }
}

/// Reads a script. A line that makes no sense is a mistake in the test.
pub fn steps(script: &str) -> Vec<Step<'_>> {
    script.lines().map(str::trim).filter(|line| !line.is_empty()).map(step).collect()
}

fn step(line: &str) -> Step<'_> {
    let mut parts = line.split(" | ");
    let mut words = parts.next().unwrap_or_default().split(' ');
    let way = match words.next() {
        Some(">") => Way::Sends,
        Some("<") => Way::Gets,
        _ => panic!("neither > nor < begins {line:?}"),
    };
    let first = words.next().unwrap_or_else(|| panic!("no message in {line:?}"));
    let code = first.parse().ok();
    let method = if code.is_some() { words.next() } else { Some(first) };
    let method = method.unwrap_or_else(|| panic!("{line:?} does not say what it answers"));
    Step { way, code, method, details: parts.collect() }
}

/// The requests that this side gets, in order.
pub fn requests(script: &str) -> Vec<&str> {
    let all = steps(script).into_iter().filter(|step| step.way == Way::Gets && step.code.is_none());
    all.map(|step| step.method.strip_prefix("re-").unwrap_or(step.method)).collect()
}
