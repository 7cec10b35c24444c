//! A script as a SIPp scenario: the one template of all rows.
use super::script::{Step, Way, steps};

/// Which end of the call a script is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Caller,
    Answerer,
}

/// The scenario of this side. SIPp must be given the keys `ruri` and `number` on the caller's side.
pub fn scenario(side: Side, script: &str) -> String {
    let mut writer =
        Writer { side, pracks: script.contains("> PRACK"), cseq: 0, invite_cseq: 0, session: 0, checks: 0 };
    let steps: String = steps(script).iter().map(|step| writer.step(step)).collect();
    let checks: String = (1..=writer.checks).map(|check| format!("<Reference variables=\"x{check}\"/>\n")).collect();
    let kept = match side {
        Side::Caller if writer.pracks => "to,rseq",
        Side::Caller if script.contains("INVITE") => "to",
        Side::Caller => "",
        Side::Answerer => "vias,routes,caller,psap,cseq",
    };
    let kept = if kept.is_empty() { String::new() } else { format!("<Reference variables=\"{kept}\"/>\n") };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<scenario name=\"row\">\n{steps}\
         <nop><action><log message=\"finished\"/></action></nop>\n{checks}{kept}</scenario>\n"
    )
}

struct Writer {
    side: Side,
    /// Whether reliable responses must be acknowledged.
    pracks: bool,
    cseq: u32,
    /// The number of the last INVITE that this side sent, for its ACK.
    invite_cseq: u32,
    /// The version of the session description sent last.
    session: u32,
    /// How many checks have a name already.
    checks: u32,
}

impl Writer {
    fn step(&mut self, step: &Step) -> String {
        match (step.way, step.code) {
            (Way::Sends, None) => self.request(step),
            (Way::Sends, Some(code)) => self.response(step, code),
            (Way::Gets, None) => self.gets_request(step),
            (Way::Gets, Some(code)) => self.gets_response(step, code),
        }
    }

    fn request(&mut self, step: &Step) -> String {
        let method = step.on_the_wire();
        let number = match method {
            "ACK" | "CANCEL" => self.invite_cseq,
            _ => {
                self.cseq += 1;
                self.cseq
            }
        };
        if method == "INVITE" {
            self.invite_cseq = number;
        }
        // A CANCEL, and the ACK to a refusal, go where their INVITE went and bear its branch (RFC 3261 §9.1, §17.1.1.3).
        let goes_with = method == "CANCEL" || step.details.contains(&"of the refusal");
        let begins = step.method == "INVITE" || goes_with || step.details.contains(&"outside");
        let uri = if begins { "[ruri]" } else { "[next_url]" };
        let via = match goes_with {
            true => "[last_Via:]".to_owned(),
            false => format!(
                "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch];rport{}",
                if begins { "" } else { "\n[routes]" }
            ),
        };
        let (from, to) = match (self.side, begins) {
            (Side::Caller, true) if method == "ACK" => (CALLER, "[last_To:]"),
            (Side::Caller, true) => (CALLER, "To: <[ruri]>"),
            (Side::Caller, false) => (CALLER, "To:[$to]"),
            (Side::Answerer, _) => ("From:[$psap];tag=[pid]a[call_number]", "To:[$caller]"),
        };
        let rack =
            if method == "PRACK" { format!("RAck: [$rseq] {} INVITE\n", self.invite_cseq) } else { String::new() };
        let says_where = matches!(method, "INVITE" | "UPDATE" | "REFER" | "SUBSCRIBE");
        let contact = if says_where { self.contact(step) } else { String::new() };
        let rest = self.rest(step);
        // A moment for what is on its way on the other leg, an ACK above all.
        let waits = !begins && !matches!(method, "ACK" | "PRACK");
        let before = pause(step).unwrap_or_else(|| if waits { milliseconds("200") } else { String::new() });
        let repeats = if method == "ACK" { "" } else { " retrans=\"500\"" };
        format!(
            "{before}<send{repeats}><![CDATA[\n{method} {uri} SIP/2.0\n{via}\nMax-Forwards: 70\n{from}\n{to}\n\
             Call-ID: [call_id]\nCSeq: {number} {method}\n{rack}{contact}{rest}]]></send>\n"
        )
    }

    fn response(&mut self, step: &Step, code: u16) -> String {
        // Other requests may have come between the first INVITE and its answer, so its fields were kept.
        let fields = match step.method {
            "INVITE" => {
                "[$vias][$routes]From:[$caller]\nTo:[$psap];tag=[pid]a[call_number]\nCall-ID: [call_id]\nCSeq:[$cseq]\n"
            }
            _ => "[last_Via:]\n[last_Record-Route:]\n[last_From:]\n[last_To:]\n[last_Call-ID:]\n[last_CSeq:]\n",
        };
        let target = matches!(step.on_the_wire(), "INVITE" | "UPDATE") && code < 300;
        let contact = if target { self.contact(step) } else { String::new() };
        let rest = self.rest(step);
        let repeats = if step.on_the_wire() == "INVITE" && code >= 200 { " retrans=\"500\"" } else { "" };
        let before = pause(step).unwrap_or_default();
        format!("{before}<send{repeats}><![CDATA[\nSIP/2.0 {code} {code}\n{fields}{contact}{rest}]]></send>\n")
    }

    fn contact(&self, step: &Step) -> String {
        let user = if self.side == Side::Caller { "[number]@" } else { "" };
        let focus = if step.details.contains(&"focus") { ";isfocus" } else { "" };
        format!("Contact: <sip:{user}[local_ip]:[local_port];transport=[transport]>{focus}\n")
    }

    /// The script's own headers, and the body.
    fn rest(&mut self, step: &Step) -> String {
        let media = step.details.iter().find_map(|detail| detail.strip_prefix("media "));
        let is_header = |detail: &&&str| detail.contains(": ") && !detail.starts_with("body ");
        let headers = step.details.iter().filter(is_header);
        let headers: String = headers.map(|header| format!("{header}\n")).collect();
        let lines = |kind: &str| -> String {
            let found = step.details.iter().filter_map(|detail| detail.strip_prefix(kind));
            found.map(|line| format!("{line}\n")).collect()
        };
        let Some(media) = media else {
            return match lines("body ").as_str() {
                "" => format!("{headers}Content-Length: 0\n\n"),
                body => format!("{headers}Content-Length: [len]\n\n{body}"),
            };
        };
        let (port, word) = media.split_once(' ').unwrap_or((media, "sendrecv"));
        let (address, direction) = match word {
            "nowhere" => ("IP4 0.0.0.0", "a=sendrecv\n".to_owned()),
            "nowhere6" => ("IP6 ::", "a=sendrecv\n".to_owned()),
            "wordless" => ("IP[media_ip_type] [media_ip]", String::new()),
            direction => ("IP[media_ip_type] [media_ip]", format!("a={direction}\n")),
        };
        let (above, below) = (lines("above "), lines("below "));
        self.session += 1;
        format!(
            "{headers}Content-Type: application/sdp\nContent-Length: [len]\n\nv=0\n\
             o=row 5001 {} IN IP[media_ip_type] [media_ip]\ns=-\nc=IN {address}\nt=0 0\n{above}\
             m=audio {port} RTP/AVP 0 101\na=rtpmap:0 PCMU/8000\na=rtpmap:101 telephone-event/8000\n{direction}{below}",
            self.session
        )
    }

    fn gets_request(&mut self, step: &Step) -> String {
        let is_first = step.method == "INVITE";
        let kept = if is_first { KEPT_OF_THE_INVITE } else { "" };
        let routes = if is_first { " rrs=\"true\"" } else { "" };
        let checks = self.checks(step, &[]);
        format!("<recv request=\"{}\"{routes}>\n<action>\n{checks}{kept}</action>\n</recv>\n", step.on_the_wire())
    }

    fn gets_response(&mut self, step: &Step, code: u16) -> String {
        let method = step.on_the_wire();
        let mut kept = String::new();
        if step.method == "INVITE" && self.side == Side::Caller {
            kept.push_str(
                "<ereg regexp=\".*\" search_in=\"hdr\" header=\"To:\" check_it=\"true\" assign_to=\"to\"/>\n",
            );
            if self.pracks && code < 200 {
                kept.push_str(
                    "<ereg regexp=\"[0-9]+\" search_in=\"hdr\" header=\"RSeq:\" check_it=\"true\" assign_to=\"rseq\"/>\n",
                );
            }
        }
        let checks = self.checks(step, &[&format!("CSeq: {method}")]);
        let trying = if method == "INVITE" { "<recv response=\"100\" optional=\"true\"/>\n" } else { "" };
        let routes = if step.method == "INVITE" && code < 300 { " rrs=\"true\"" } else { "" };
        format!("{trying}<recv response=\"{code}\"{routes}>\n<action>\n{checks}{kept}</action>\n</recv>\n")
    }

    fn checks(&mut self, step: &Step, more: &[&str]) -> String {
        let all = step.details.iter().chain(more);
        let check = |detail: &&str| {
            self.checks += 1;
            let (words, must) = match detail.strip_prefix("no ") {
                Some(words) => (words, "check_it_inverse"),
                None => (*detail, "check_it"),
            };
            let line = match words.split_once(": ") {
                Some((name, value)) => format!("{}:[^[:cntrl:]]*{}", literal(name), literal(value)),
                None => literal(words),
            };
            let name = self.checks;
            format!("<ereg regexp=\"[[:cntrl:]]{line}\" search_in=\"msg\" {must}=\"true\" assign_to=\"x{name}\"/>\n")
        };
        all.map(check).collect()
    }
}

/// A pause before a step that has one of its own.
fn pause(step: &Step) -> Option<String> {
    step.details.iter().find_map(|detail| detail.strip_prefix("after ")).map(milliseconds)
}

fn milliseconds(count: &str) -> String {
    format!("<pause milliseconds=\"{count}\"/>\n")
}

const CALLER: &str = "From: <sip:[number]@[local_ip]:[local_port]>;tag=[pid]c[call_number]";

/// What an answerer needs for a response that does not follow the INVITE at once, a proxy's fields among it.
const KEPT_OF_THE_INVITE: &str = "\
<ereg regexp=\"(Via:[^[:cntrl:]]*[[:cntrl:]]+)+\" search_in=\"msg\" check_it=\"true\" assign_to=\"vias\"/>
<ereg regexp=\"(Record-Route:[^[:cntrl:]]*[[:cntrl:]]+)+\" search_in=\"msg\" assign_to=\"routes\"/>
<ereg regexp=\".*\" search_in=\"hdr\" header=\"From:\" check_it=\"true\" assign_to=\"caller\"/>
<ereg regexp=\".*\" search_in=\"hdr\" header=\"To:\" check_it=\"true\" assign_to=\"psap\"/>
<ereg regexp=\".*\" search_in=\"hdr\" header=\"CSeq:\" check_it=\"true\" assign_to=\"cseq\"/>
";

/// A text as an extended regular expression within XML.
fn literal(text: &str) -> String {
    let escape = |letter: char| match letter {
        '<' => "&lt;".to_owned(),
        '&' => "&amp;".to_owned(),
        '"' => "&quot;".to_owned(),
        '.' | '*' | '+' | '?' | '(' | ')' | '|' | '{' | '}' | '$' => format!("[{letter}]"),
        _ => letter.to_string(),
    };
    text.chars().map(escape).collect()
}
