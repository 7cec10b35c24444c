//! One place in the wheel for each transaction, whatever its machine's deadlines are.
use crate::base::id::Handle;
use crate::base::now::Mono;
use crate::base::wheel::Wheel;

/// What the wheel hands back: a transaction, by its place and a part of its nonce. A place may have been used again.
#[derive(Clone, Copy, Debug)]
pub struct Timer {
    /// Whether it is a request of ours.
    pub is_client: bool,
    /// The place in its table.
    pub slot: u32,
    /// The lower half of the nonce.
    pub nonce: u32,
}

impl Timer {
    /// The timer of a client transaction.
    pub fn client(id: Handle) -> Self {
        Self { is_client: true, slot: id.slot, nonce: id.nonce as u32 }
    }

    /// The timer of a server transaction.
    pub fn server(id: Handle) -> Self {
        Self { is_client: false, slot: id.slot, nonce: id.nonce as u32 }
    }
}

/// The earliest moment at which the wheel will ring for a transaction. A deadline that moves away costs nothing: the
/// wheel rings in between and the alarm is set anew.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alarm(Option<Mono>);

impl Alarm {
    /// Makes sure that the wheel rings at `deadline` or before.
    pub fn set(&mut self, wheel: &mut Wheel<Timer>, timer: Timer, deadline: Option<Mono>) {
        let Some(deadline) = deadline else { return };
        if self.0.is_none_or(|set| deadline < set) {
            self.0 = Some(deadline);
            wheel.schedule(deadline, timer);
        }
    }

    /// The wheel rang; perhaps for an earlier setting.
    pub fn rang(&mut self, now: Mono) {
        self.0 = self.0.filter(|&set| set > now);
    }
}
