//! What a phone tries during an emergency call, and the exact answer.
use super::{I3, Row};

const NO_HOLD: &str = "Warning: 399 callbox.example \"Hold is disabled during an emergency call\"";
const NO_RECORDING: &str = "Warning: 399 callbox.example \"Recording is disabled during an emergency call\"";
const NO_CONFERENCE: &str = "Warning: 399 callbox.example \"Conference is disabled during an emergency call\"";
const NO_TRANSFER: &str = "Warning: 399 callbox.example \"Transfer is disabled during an emergency call\"";
const NO_WATCHING: &str = "Warning: 399 callbox.example \"Dialog state is not shown during an emergency call\"";

/// A re-INVITE with this session description that is refused with 488 and this reason.
fn refused(name: &'static str, session: &str, reason: &str) -> Row {
    let steps = format!(
        "
        > re-INVITE | {session}
        < 488 re-INVITE | {reason}
        > ACK | of the refusal"
    );
    Row::unheard(name, &steps)
}

/// A request with these headers that is refused with this.
fn forbidden(name: &'static str, request: &str, refusal: &str) -> Row {
    Row::unheard(name, &format!("\n> {request}\n< {refusal}"))
}

pub fn rows() -> Vec<Row> {
    [holds(), offers(), features(), early()].into_iter().flatten().collect()
}

fn holds() -> Vec<Row> {
    let mut rows = vec![
        refused("MC-02 sendonly", "media 6010 sendonly", NO_HOLD),
        refused("MC-02 inactive", "media 6010 inactive", NO_HOLD),
        refused("MC-02 recvonly", "media 6010 recvonly", NO_HOLD),
        refused("MC-02 0.0.0.0", "media 6010 nowhere", NO_HOLD),
        refused("MC-02 ::", "media 6010 nowhere6", NO_HOLD),
        refused("MC-02 port 0", "media 0", NO_HOLD),
        refused("MC-01 the session's direction", "media 6010 wordless | above a=sendonly", NO_HOLD),
        refused("MC-01 two directions", "media 6010 sendrecv | below a=inactive", NO_HOLD),
        forbidden("MC-07 hold by UPDATE", "UPDATE | media 6010 sendonly", &format!("488 UPDATE | {NO_HOLD}")),
    ];
    rows.push(Row::unheard(
        "MC-08 an ACK that holds is taken back",
        "
        > re-INVITE
        < 200 re-INVITE | m=audio 6020
        > ACK | media 6010 sendonly
        < re-INVITE | m=audio 6020 | a=sendrecv
        > 200 re-INVITE | media 6010
        < ACK",
    ));
    rows.push(Row::unheard(
        "MC-08 a refresh without an offer",
        "
        > re-INVITE
        < 200 re-INVITE | m=audio 6020
        > ACK | media 6010",
    ));
    rows.push(Row {
        name: "MC-09 a PRACK that holds is answered and taken back",
        trunk: I3,
        phone: "
            > INVITE | media 6010 | Require: 100rel | Allow: INVITE, ACK, BYE, CANCEL, PRACK, UPDATE
            < 183 INVITE | Require: 100rel | m=audio 6020
            > PRACK | media 6010 sendonly
            < 200 PRACK | a=recvonly
            < UPDATE | m=audio 6020 | a=sendrecv
            > 200 UPDATE | media 6010
            < 200 INVITE
            > ACK
            > BYE
            < 200 BYE"
            .to_owned(),
        psap: "
            < INVITE | m=audio 6010
            > 183 INVITE | media 6020
            > 200 INVITE | media 6020 | after 2600
            < ACK
            < BYE
            > 200 BYE"
            .to_owned(),
        target: String::new(),
    });
    rows.push(Row::talking(
        "MC-10 an answer that holds is taken back",
        "
        < re-INVITE | m=audio 6022
        > 200 re-INVITE | media 6010 sendonly
        < ACK
        < re-INVITE | m=audio 6022 | a=sendrecv
        > 200 re-INVITE | media 6010
        < ACK",
        "
        > re-INVITE | media 6022
        < 200 re-INVITE | m=audio 6010 | a=sendrecv
        > ACK",
    ));
    rows
}

fn offers() -> Vec<Row> {
    vec![
        Row::talking(
            "MC-01 the stream's own direction goes before the session's",
            "
            > re-INVITE | media 6010 | above a=inactive
            < 200 re-INVITE | m=audio 6020
            > ACK",
            "
            < re-INVITE | a=inactive | a=sendrecv
            > 200 re-INVITE | media 6020
            < ACK",
        ),
        Row::talking(
            "MC-03 text that is added may flow one way",
            "
            > re-INVITE | media 6010 | below m=text 6016 RTP/AVP 98 | below a=sendonly
            < 200 re-INVITE | m=audio 6020 | m=text 0
            > ACK",
            "
            < re-INVITE | m=text 6016
            > 200 re-INVITE | media 6020 | below m=text 0 RTP/AVP 98
            < ACK",
        ),
        Row::unheard("MC-11 a refresh", "\n> UPDATE\n< 200 UPDATE | no m=audio"),
        Row::unheard(
            "MC-12 taking up speech after a hold that was refused",
            "
            > re-INVITE | media 6010 sendonly
            < 488 re-INVITE
            > ACK | of the refusal
            > re-INVITE | media 6010
            < 200 re-INVITE | m=audio 6020 | a=sendrecv
            > ACK",
        ),
        Row::unheard(
            "MC-23 further audio has port 0",
            "
            > re-INVITE | media 6010 | below m=audio 6014 RTP/AVP 0 | below a=sendonly
            < 200 re-INVITE | m=audio 6020 | m=audio 0
            > ACK",
        ),
        Row::unheard(
            "MC-29d a storm of offers",
            &("
            > re-INVITE | media 6010 sendonly | after 20
            < 488 re-INVITE
            > ACK | of the refusal"
                .repeat(5)
                + "
            > re-INVITE | media 6010 sendonly | after 20
            < 500 re-INVITE | Retry-After: 
            > ACK | of the refusal"),
        ),
    ]
}

fn features() -> Vec<Row> {
    let one = "REFER | Refer-To: <sip:4999@127.0.0.1:5999>";
    let transfer = format!("403 REFER | {NO_TRANSFER}");
    let mut rows = vec![
        Row::unheard(
            "MC-14 a conference focus",
            &format!("\n> re-INVITE | media 6012 | focus\n< 403 re-INVITE | {NO_CONFERENCE}\n> ACK | of the refusal"),
        ),
        forbidden("MC-15 a transfer", one, &transfer),
        forbidden(
            "MC-15 an attended transfer",
            "REFER | Refer-To: <sip:4999@127.0.0.1?Replaces=a%3Bto-tag%3Db%3Bfrom-tag%3Dc>",
            &transfer,
        ),
        forbidden("MC-15 a BYE by REFER", "REFER | Refer-To: <sip:4999@127.0.0.1;method=BYE>", &transfer),
        forbidden("MC-15 no target", "REFER", "400 REFER"),
        forbidden("MC-15 two targets", "REFER | Refer-To: <sip:a@127.0.0.1>, <sip:b@127.0.0.1>", "400 REFER"),
        refused("MC-22 a recorder that comes in", "media 6010 | below a=record:on", NO_RECORDING),
        forbidden("MC-24 recording by INFO", "INFO | Record: on", &format!("403 INFO | {NO_RECORDING}")),
        forbidden(
            "MC-25 an unknown package",
            "INFO | Info-Package: unheard-of",
            "469 INFO | Recv-Info: EmergencyCallData",
        ),
        forbidden(
            "MC-25 an unknown body",
            "INFO | Content-Type: application/unheard-of | body x",
            "415 INFO | Accept: application/dtmf-relay",
        ),
        Row::talking(
            "MC-25 a key",
            "
            > INFO | Content-Type: application/dtmf-relay | body Signal=5
            < 200 INFO",
            "
            < INFO | Content-Type: application/dtmf-relay | Signal=5
            > 200 INFO",
        ),
        forbidden("MC-27 watching the call", "SUBSCRIBE | Event: dialog", &format!("403 SUBSCRIBE | {NO_WATCHING}")),
        forbidden("MC-27 watching something else", "SUBSCRIBE | Event: presence", "489 SUBSCRIBE"),
    ];
    for (name, tag) in [
        ("MC-15 norefersub", "norefersub"),
        ("MC-15 explicitsub", "explicitsub"),
        ("MC-15 nosub", "nosub"),
        ("MC-15 multiple-refer", "multiple-refer"),
    ] {
        rows.push(forbidden(name, &format!("{one} | Require: {tag}"), &format!("420 REFER | Unsupported: {tag}")));
    }
    rows.push(Row {
        name: "MC-21 a recorder that was there",
        trunk: I3,
        phone: "
            > INVITE | media 6010 | below a=record:on
            < 200 INVITE | m=audio 6020 | a=recordpref:off
            > ACK
            > BYE
            < 200 BYE"
            .to_owned(),
        psap: "
            < INVITE | m=audio 6010 | a=record:on
            > 200 INVITE | media 6020
            < ACK
            < BYE
            > 200 BYE"
            .to_owned(),
        target: String::new(),
    });
    rows.extend(outside());
    rows
}

/// What comes without a call, or is none.
fn outside() -> Vec<Row> {
    let alone = |name, phone: &str| Row {
        name,
        trunk: I3,
        phone: phone.to_owned(),
        psap: String::new(),
        target: String::new(),
    };
    vec![
        alone(
            "MC-16 a transfer beside the call",
            "
            > REFER | outside | Refer-To: <sip:4999@127.0.0.1> | Target-Dialog: a@b;local-tag=c;remote-tag=d
            < 403 REFER",
        ),
        alone(
            "MC-19 a recorder that says so",
            "
            > INVITE | media 6010 | Require: siprec
            < 420 INVITE | Unsupported: siprec
            > ACK | of the refusal",
        ),
        alone("MC-27 watching beside the call", "\n> SUBSCRIBE | outside | Event: dialog\n< 403 SUBSCRIBE"),
    ]
}

fn early() -> Vec<Row> {
    let ringing = |name, request: &str, refusal: &str| Row {
        name,
        trunk: I3,
        phone: format!(
            "
            > INVITE | media 6010
            < 180 INVITE
            > {request}
            < {refusal}
            < 200 INVITE | m=audio 6020
            > ACK
            > BYE
            < 200 BYE"
        ),
        psap: "
            < INVITE | m=audio 6010
            > 180 INVITE
            > 200 INVITE | media 6020 | after 900
            < ACK
            < BYE
            > 200 BYE"
            .to_owned(),
        target: String::new(),
    };
    vec![
        ringing("MC-29a hold while it rings", "UPDATE | media 6010 sendonly", &format!("488 UPDATE | {NO_HOLD}")),
        ringing(
            "MC-29a transfer while it rings",
            "REFER | Refer-To: <sip:4999@127.0.0.1>",
            &format!("403 REFER | {NO_TRANSFER}"),
        ),
        ringing("MC-29a recording while it rings", "INFO | Record: on", &format!("403 INFO | {NO_RECORDING}")),
        ringing(
            "MC-29a watching while it rings",
            "SUBSCRIBE | Event: dialog",
            &format!("403 SUBSCRIBE | {NO_WATCHING}"),
        ),
    ]
}
