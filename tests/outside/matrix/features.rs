//! What a call can do, as both sides see it: the rows of the matrix. `script.rs` says how to read them.
//!
//! The caller's audio is at port 6010, the answerer's at 6020; 6012 and 6022 are where they move to. Whoever gets a
//! request that is not in its script has not passed: `rows.rs` compares.

/// One kind of call.
pub struct Feature {
    pub name: &'static str,
    pub caller: &'static str,
    pub answerer: &'static str,
}

pub const FEATURES: &[Feature] = &[
    Feature {
        name: "the caller hangs up",
        caller: "
            > INVITE | media 6010
            < 180 INVITE
            < 200 INVITE | m=audio 6020 | a=sendrecv
            > ACK
            > BYE
            < 200 BYE",
        answerer: "
            < INVITE | m=audio 6010 | a=sendrecv
            > 180 INVITE
            > 200 INVITE | media 6020
            < ACK
            < BYE
            > 200 BYE",
    },
    Feature {
        name: "the answerer hangs up",
        caller: "
            > INVITE | media 6010
            < 180 INVITE
            < 200 INVITE | m=audio 6020
            > ACK
            < BYE
            > 200 BYE",
        answerer: "
            < INVITE | m=audio 6010
            > 180 INVITE
            > 200 INVITE | media 6020
            < ACK
            > BYE
            < 200 BYE",
    },
    Feature {
        name: "the caller gives up while it rings",
        caller: "
            > INVITE | media 6010
            < 180 INVITE
            > CANCEL
            < 200 CANCEL
            < 487 INVITE
            > ACK | of the refusal",
        answerer: "
            < INVITE | m=audio 6010
            > 180 INVITE
            < CANCEL
            > 200 CANCEL
            > 487 INVITE
            < ACK",
    },
    Feature {
        name: "early media",
        caller: "
            > INVITE | media 6010
            < 183 INVITE | Content-Type: application/sdp | m=audio 6020 | no Require:
            < 200 INVITE | m=audio 6020
            > ACK
            > BYE
            < 200 BYE",
        answerer: "
            < INVITE | m=audio 6010
            > 183 INVITE | media 6020
            > 200 INVITE | media 6020
            < ACK
            < BYE
            > 200 BYE",
    },
    Feature {
        name: "PRACK on both legs",
        caller: "
            > INVITE | media 6010 | Require: 100rel
            < 183 INVITE | Require: 100rel | m=audio 6020
            > PRACK
            < 200 PRACK
            < 200 INVITE
            > ACK
            < BYE
            > 200 BYE",
        answerer: "
            < INVITE | m=audio 6010 | Supported: 100rel | no Require:
            > 183 INVITE | Require: 100rel | RSeq: 7001 | media 6020
            < PRACK | RAck: 7001 1 INVITE
            > 200 PRACK
            > 200 INVITE | media 6020
            < ACK
            > BYE
            < 200 BYE",
    },
    Feature {
        name: "PRACK on the answerer's leg alone",
        caller: "
            > INVITE | media 6010
            < 183 INVITE | no Require: | no RSeq: | m=audio 6020
            < 200 INVITE | m=audio 6020
            > ACK
            > BYE
            < 200 BYE",
        answerer: "
            < INVITE | m=audio 6010 | Supported: 100rel
            > 183 INVITE | Require: 100rel | RSeq: 7001 | media 6020
            < PRACK | RAck: 7001 1 INVITE
            > 200 PRACK
            > 200 INVITE | media 6020
            < ACK
            < BYE
            > 200 BYE",
    },
    Feature {
        name: "late offer",
        caller: "
            > INVITE
            < 180 INVITE
            < 200 INVITE | m=audio 6020
            > ACK | media 6010
            > BYE
            < 200 BYE",
        answerer: "
            < INVITE | no m=audio
            > 180 INVITE
            > 200 INVITE | media 6020
            < ACK | m=audio 6010
            < BYE
            > 200 BYE",
    },
    Feature {
        name: "media that begins inactive",
        caller: "
            > INVITE | media 6010 inactive
            < 200 INVITE | m=audio 6020 | a=inactive
            > ACK
            > re-INVITE | media 6010
            < 200 re-INVITE | m=audio 6020 | a=sendrecv
            > ACK
            > BYE
            < 200 BYE",
        answerer: "
            < INVITE | m=audio 6010 | a=inactive
            > 200 INVITE | media 6020 inactive
            < ACK
            < re-INVITE | m=audio 6010 | a=sendrecv
            > 200 re-INVITE | media 6020
            < ACK
            < BYE
            > 200 BYE",
    },
    Feature {
        name: "media that has no address at first",
        caller: "
            > INVITE | media 6010 nowhere
            < 200 INVITE | m=audio 6020
            > ACK
            > re-INVITE | media 6010
            < 200 re-INVITE | m=audio 6022
            > ACK
            < BYE
            > 200 BYE",
        answerer: "
            < INVITE | m=audio 6010 | c=IN IP4 0.0.0.0
            > 200 INVITE | media 6020
            < ACK
            < re-INVITE | m=audio 6010 | no c=IN IP4 0.0.0.0
            > 200 re-INVITE | media 6022
            < ACK
            > BYE
            < 200 BYE",
    },
    Feature {
        name: "re-INVITE of the caller",
        caller: "
            > INVITE | media 6010
            < 200 INVITE | m=audio 6020
            > ACK
            > re-INVITE | media 6012
            < 200 re-INVITE | m=audio 6022
            > ACK
            < BYE
            > 200 BYE",
        answerer: "
            < INVITE | m=audio 6010
            > 200 INVITE | media 6020
            < ACK
            < re-INVITE | m=audio 6012
            > 200 re-INVITE | media 6022
            < ACK
            > BYE
            < 200 BYE",
    },
    Feature {
        name: "re-INVITE of the answerer, which holds",
        caller: "
            > INVITE | media 6010
            < 200 INVITE | m=audio 6020
            > ACK
            < re-INVITE | m=audio 6022 | a=sendonly
            > 200 re-INVITE | media 6012 recvonly
            < ACK
            > BYE
            < 200 BYE",
        answerer: "
            < INVITE | m=audio 6010
            > 200 INVITE | media 6020
            < ACK
            > re-INVITE | media 6022 sendonly
            < 200 re-INVITE | m=audio 6012 | a=recvonly
            > ACK
            < BYE
            > 200 BYE",
    },
    Feature {
        name: "re-INVITE of the answerer without an offer",
        caller: "
            > INVITE | media 6010
            < 200 INVITE | m=audio 6020
            > ACK
            < re-INVITE | no m=audio
            > 200 re-INVITE | media 6012
            < ACK | m=audio 6022
            < BYE
            > 200 BYE",
        answerer: "
            < INVITE | m=audio 6010
            > 200 INVITE | media 6020
            < ACK
            > re-INVITE
            < 200 re-INVITE | m=audio 6012
            > ACK | media 6022
            > BYE
            < 200 BYE",
    },
    Feature {
        name: "the caller's hold is refused",
        caller: "
            > INVITE | media 6010
            < 200 INVITE | m=audio 6020
            > ACK
            > re-INVITE | media 6010 sendonly
            < 488 re-INVITE | Warning: 399
            > ACK | of the refusal
            > BYE
            < 200 BYE",
        answerer: "
            < INVITE | m=audio 6010
            > 200 INVITE | media 6020
            < ACK
            < BYE
            > 200 BYE",
    },
    Feature {
        name: "UPDATE of the caller",
        caller: "
            > INVITE | media 6010
            < 200 INVITE | m=audio 6020 | Allow: UPDATE
            > ACK
            > UPDATE | media 6012
            < 200 UPDATE | m=audio 6022
            < BYE
            > 200 BYE",
        answerer: "
            < INVITE | m=audio 6010 | Allow: UPDATE
            > 200 INVITE | media 6020 | Allow: INVITE, ACK, BYE, CANCEL, UPDATE
            < ACK
            < UPDATE | m=audio 6012
            > 200 UPDATE | media 6022
            > BYE
            < 200 BYE",
    },
    Feature {
        name: "UPDATE of the answerer",
        caller: "
            > INVITE | media 6010 | Allow: INVITE, ACK, BYE, CANCEL, UPDATE
            < 200 INVITE | m=audio 6020
            > ACK
            < UPDATE | m=audio 6022
            > 200 UPDATE | media 6012
            > BYE
            < 200 BYE",
        answerer: "
            < INVITE | m=audio 6010
            > 200 INVITE | media 6020
            < ACK
            > UPDATE | media 6022
            < 200 UPDATE | m=audio 6012
            < BYE
            > 200 BYE",
    },
    Feature {
        name: "session timer of the caller",
        caller: "
            > INVITE | media 6010 | Supported: timer | Session-Expires: 90;refresher=uac
            < 200 INVITE | Session-Expires: 90;refresher=uac | Require: timer
            > ACK
            > UPDATE | Supported: timer | Session-Expires: 90;refresher=uac
            < 200 UPDATE | Session-Expires: 90;refresher=uac | no m=audio
            > BYE
            < 200 BYE",
        answerer: "
            < INVITE | Session-Expires: 1800;refresher=uac
            > 200 INVITE | media 6020
            < ACK
            < BYE
            > 200 BYE",
    },
    Feature {
        name: "session timer of the answerer, refreshed by UPDATE",
        caller: "
            > INVITE | media 6010
            < 200 INVITE | no Session-Expires:
            > ACK
            < BYE
            > 200 BYE",
        answerer: "
            < INVITE | Supported: timer
            > 200 INVITE | media 6020 | Allow: INVITE, ACK, BYE, CANCEL, UPDATE | Require: timer | Session-Expires: 2;refresher=uac
            < ACK
            < UPDATE | Session-Expires: 2;refresher=uac | no m=audio
            > 200 UPDATE | Require: timer | Session-Expires: 90;refresher=uac
            > BYE
            < 200 BYE",
    },
    Feature {
        name: "session timer of an answerer without UPDATE, refreshed by re-INVITE",
        caller: "
            > INVITE | media 6010
            < 200 INVITE | no Session-Expires:
            > ACK
            < BYE
            > 200 BYE",
        answerer: "
            < INVITE | Supported: timer
            > 200 INVITE | media 6020 | Allow: INVITE, ACK, BYE, CANCEL | Require: timer | Session-Expires: 2;refresher=uac
            < ACK
            < re-INVITE | Session-Expires: 2;refresher=uac | m=audio 6010
            > 200 re-INVITE | media 6020 | Require: timer | Session-Expires: 90;refresher=uac
            < ACK
            > BYE
            < 200 BYE",
    },
];
