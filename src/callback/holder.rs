//! Whom a call back must reach.
use crate::record::{Holder, Line, Number};

/// Who calls, as far as it can be told from others: the device, else what its Contact says of it, else the line, else
/// the number that it shows at its trunk. `None` for somebody of whom nothing is known.
pub fn holder(
    trunk: &str,
    device: Option<&str>,
    instance: Option<&str>,
    line: Option<&Line>,
    number: Option<Number>,
) -> Option<Holder> {
    device
        .map(Holder::device)
        .or_else(|| instance.map(|instance| Holder::instance(trunk, instance, number)))
        .or_else(|| line.map(|line| Holder::line(&line.organisation, line.number)))
        .or_else(|| number.map(|number| Holder::number(trunk, number)))
}
