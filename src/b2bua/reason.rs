//! Why we end what a peer has begun, and why somebody refused (RFC 3326).

/// To a target that lost (rulings 11).
pub const ELSEWHERE: &str = "SIP;cause=200;text=\"Call completed elsewhere\"";

/// To a target that was told to stop, since it had not rung in its time.
pub const LATE: &str = "SIP;cause=408;text=\"No ringing in time\"";

/// To targets that are still asked when the caller is told that nobody takes the call.
pub const GIVEN_UP: &str = "SIP;cause=503;text=\"Call given up\"";

/// To a target that answers when there is no caller any more.
pub const OVER: &str = "SIP;cause=487;text=\"The caller is gone\"";

/// A refusal as a cause of the old telephone network (RFC 3398 §8.2.6.1, RFC 6432). `None` for what no caller hears of,
/// redirections, challenges and complaints about locations (rulings 19), and for what we ended ourselves.
pub const fn q850(code: u16) -> Option<u16> {
    match code {
        ..=399 | 401 | 407 | 424 | 487 => None,
        404 | 485 | 604 => Some(1),
        486 | 600 => Some(17),
        480 => Some(18),
        402 | 403 | 603 => Some(21),
        410 => Some(22),
        482 | 483 => Some(25),
        484 => Some(28),
        502 => Some(38),
        400 | 481 | 500 | 503 => Some(41),
        405 => Some(63),
        406 | 415 | 501 => Some(79),
        408 | 504 => Some(102),
        _ => Some(127),
    }
}
