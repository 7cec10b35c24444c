//! What a PSAP does with an emergency call.
use super::{ANSWERS, DIALS, HANGS_UP, I3, IS_HUNG_UP_ON, Row};

/// A PSAP asks for a transfer, is told of it in these words, and hangs up after the last.
fn refers(refer: &str, news: &[&str]) -> String {
    let mut script = format!("{ANSWERS}\n> {refer}\n< 200 REFER");
    for status in news {
        let state = if status.starts_with('1') { "active" } else { "terminated" };
        script += &format!(
            "\n< NOTIFY | Event: refer | Subscription-State: {state} | Content-Type: message/sipfrag | SIP/2.0 {status}\
             \n> 200 NOTIFY"
        );
    }
    script
}

const TO_TARGET: &str = "REFER | Refer-To: <sip:desk@127.0.0.1:TARGET>";

/// The phone is offered the target's session, and hangs up when all others have done what they do.
const IS_MOVED: &str = "
    < re-INVITE | m=audio 6030
    > 200 re-INVITE | media 6010
    < ACK
    > BYE | after 900
    < 200 BYE";

/// The target gets the call as a PSAP gets one.
const TAKES_IT: &str = "
    < INVITE | m=audio 6010 | Resource-Priority: esnet.1 | Geolocation-Routing: yes | Content-Type: application/pidf+xml
    > 180 INVITE
    > 200 INVITE | media 6030 | after 200
    < ACK
    < BYE
    > 200 BYE";

pub fn rows() -> Vec<Row> {
    let mut rows = transfers();
    rows.extend(refusals());
    rows.extend(of_the_old_network());
    rows.push(Row {
        name: "MC-35 a PSAP that is a bridge",
        trunk: I3,
        phone: format!("{DIALS}{HANGS_UP}"),
        psap: format!("{}{IS_HUNG_UP_ON}", ANSWERS.replace("media 6020", "media 6020 | focus")),
        target: String::new(),
    });
    rows.push(Row {
        name: "MC-36 a PSAP that records says so",
        trunk: I3,
        phone: format!("{}{HANGS_UP}", DIALS.replace("m=audio 6020", "m=audio 6020 | a=record:on")),
        psap: format!("{}{IS_HUNG_UP_ON}", ANSWERS.replace("media 6020", "media 6020 | below a=record:on")),
        target: String::new(),
    });
    rows.push(Row::talking(
        "MC-34 a PSAP that holds and takes up speech again",
        "
        < re-INVITE | m=audio 6020 | a=inactive
        > 200 re-INVITE | media 6010 inactive
        < ACK
        < re-INVITE | m=audio 6020 | a=sendrecv
        > 200 re-INVITE | media 6010
        < ACK",
        "
        > re-INVITE | media 6020 inactive
        < 200 re-INVITE | a=inactive
        > ACK
        > re-INVITE | media 6020
        < 200 re-INVITE | a=sendrecv
        > ACK
        ",
    ));
    rows.push(Row::talking(
        "MC-34 a hold that the phone refuses",
        "
        < re-INVITE | m=audio 6020 | a=sendonly
        > 488 re-INVITE
        < ACK
        < re-INVITE | m=audio 6022 | a=sendrecv
        > 200 re-INVITE | media 6010
        < ACK",
        "
        > re-INVITE | media 6020 sendonly
        < 200 re-INVITE | m=audio 6010 | a=recvonly
        > ACK
        > re-INVITE | media 6022
        < 200 re-INVITE | m=audio 6010 | a=sendrecv
        > ACK
        ",
    ));
    rows
}

/// Legs to the old network: what they may do is a matter of their trunk.
fn of_the_old_network() -> Vec<Row> {
    const LEGACY: &str = "kind = \"psap-legacy\"";
    vec![
        Row {
            name: "MC-37 a PSAP that hangs up",
            trunk: I3,
            phone: format!("{DIALS}{IS_HUNG_UP_ON}"),
            psap: format!("{ANSWERS}{HANGS_UP}"),
            target: String::new(),
        },
        Row {
            trunk: LEGACY,
            ..Row::talking(
                "MC-38 a leg of the old network holds",
                "
                < re-INVITE | m=audio 6020 | a=inactive
                > 200 re-INVITE | media 6010 inactive
                < ACK",
                "
                > re-INVITE | media 6020 inactive
                < 200 re-INVITE | a=inactive
                > ACK",
            )
        },
        Row {
            name: "MC-38 a leg of the old network transfers",
            trunk: LEGACY,
            phone: format!("{DIALS}{IS_MOVED}"),
            psap: refers(TO_TARGET, &["100 Trying", "180 Ringing", "200 OK"]) + HANGS_UP,
            target: TAKES_IT.to_owned(),
        },
        Row {
            trunk: "kind = \"psap-legacy\"\ntransfers = false",
            ..refused("MC-38 a leg that may not transfer", "<sip:desk@127.0.0.1:TARGET>", "403 REFER")
        },
    ]
}

fn transfers() -> Vec<Row> {
    let hangs_up = "\n> BYE\n< 200 BYE";
    vec![
        Row {
            name: "MC-30 a transfer",
            trunk: I3,
            phone: format!("{DIALS}{IS_MOVED}"),
            psap: refers(TO_TARGET, &["100 Trying", "180 Ringing", "200 OK"]) + hangs_up,
            target: TAKES_IT.to_owned(),
        },
        Row {
            name: "MC-30 a transfer of a PSAP that hangs up at once",
            trunk: I3,
            phone: format!("{DIALS}{IS_MOVED}"),
            psap: format!("{}\n> BYE | after 0\n< 200 BYE", refers(&format!("{TO_TARGET} | Refer-Sub: false"), &[])),
            target: TAKES_IT.to_owned(),
        },
        Row {
            name: "MC-30 a held caller is transferred",
            trunk: I3,
            phone: format!(
                "{DIALS}
                < re-INVITE | m=audio 6020 | a=sendonly
                > 200 re-INVITE | media 6010 recvonly
                < ACK
                {IS_MOVED}"
            ),
            psap: refers(TO_TARGET, &["100 Trying", "180 Ringing", "200 OK"]).replacen(
                "\n> REFER",
                "\n> re-INVITE | media 6020 sendonly\n< 200 re-INVITE | a=recvonly\n> ACK\n> REFER",
                1,
            ) + hangs_up,
            target: TAKES_IT.replace("m=audio 6010", "m=audio 6010 | a=sendrecv | no a=recvonly"),
        },
        Row {
            name: "MC-30 a target that is busy",
            trunk: I3,
            phone: format!("{DIALS}\n> BYE | after 900\n< 200 BYE"),
            psap: refers(TO_TARGET, &["100 Trying", "486 Busy Here"]) + IS_HUNG_UP_ON,
            target: "
                < INVITE
                > 486 INVITE
                < ACK"
                .to_owned(),
        },
        Row {
            name: "MC-31 Replaces of a Refer-To goes along",
            trunk: I3,
            phone: format!("{DIALS}{IS_MOVED}"),
            psap: refers(
                "REFER | Refer-To: <sip:bridge@127.0.0.1:TARGET?Replaces=a%40b%3Bto-tag%3Dc%3Bfrom-tag%3Dd&Subject=x> \
                 | Referred-By: <sip:desk@psap.example>",
                &["100 Trying", "180 Ringing", "200 OK"],
            ) + hangs_up,
            target: TAKES_IT.replace(
                "m=audio 6010",
                "m=audio 6010 | Replaces: a@b;to-tag=c;from-tag=d | Referred-By: <sip:desk@psap.example> | no Subject:",
            ),
        },
        Row {
            name: "MC-32 a transfer without news",
            trunk: I3,
            phone: format!("{DIALS}{IS_MOVED}"),
            psap: refers(&format!("{TO_TARGET} | Require: norefersub"), &[]) + "\n> BYE | after 800\n< 200 BYE",
            target: TAKES_IT.to_owned(),
        },
    ]
}

/// A transfer that is not carried out: the call goes on.
fn refused(name: &'static str, refer_to: &str, refusal: &str) -> Row {
    Row::talking(
        name,
        "\n> INFO | Content-Type: application/dtmf-relay | body Signal=5 | after 600\n< 200 INFO",
        &format!("\n> REFER | Refer-To: {refer_to}\n< {refusal}\n< INFO\n> 200 INFO"),
    )
}

fn refusals() -> Vec<Row> {
    vec![
        refused("MC-31 a transfer to the PBX", "<sip:4117@127.0.0.1:5075>", "403 REFER"),
        refused("MC-31 a transfer to us", "<sip:4117@127.0.0.1:5060>", "403 REFER"),
        refused("MC-31 a BYE by REFER", "<sip:desk@127.0.0.1:TARGET;method=BYE>", "403 REFER"),
        refused("MC-30 two targets", "<sip:a@127.0.0.1>, <sip:b@127.0.0.1>", "400 REFER"),
        refused(
            "MC-32 an extension that nobody has",
            "<sip:desk@127.0.0.1:TARGET> | Require: explicitsub",
            "420 REFER | Unsupported: explicitsub",
        ),
    ]
}
