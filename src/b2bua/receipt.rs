//! How a decision came about, with the time of each step.
use crate::base::now::Mono;
use arrayvec::ArrayVec;
use core::time::Duration;

/// A step of the story.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The caller's line and site.
    Caller,
    /// The kind of call.
    Classify,
    /// The caller's place.
    Locate,
    /// The list of targets.
    Route,
    /// The callback number.
    Callback,
}

impl Step {
    /// The word for people.
    pub const fn text(self) -> &'static str {
        match self {
            Step::Caller => "caller",
            Step::Classify => "classify",
            Step::Locate => "locate",
            Step::Route => "route",
            Step::Callback => "callback",
        }
    }
}

/// The steps taken and when each was done.
#[derive(Clone, Debug)]
pub struct Receipt {
    begun: Mono,
    steps: ArrayVec<(Step, Mono), 5>,
}

impl Receipt {
    /// Begins at this moment.
    pub fn begin(at: Mono) -> Receipt {
        Receipt { begun: at, steps: ArrayVec::new() }
    }

    /// Notes that a step is done.
    pub fn step(&mut self, step: Step, at: Mono) {
        // The story has as many steps as there is room for; a sixth would be a defect that the tests of `advance` show.
        let _full = self.steps.try_push((step, at));
    }

    /// How long it all took.
    pub fn took(&self) -> Duration {
        self.steps.last().map_or(Duration::ZERO, |(_, at)| at.since(self.begun))
    }

    /// Each step with the time it took.
    pub fn steps(&self) -> impl Iterator<Item = (Step, Duration)> {
        let mut before = self.begun;
        self.steps.iter().map(move |(step, at)| {
            let took = at.since(before);
            before = *at;
            (*step, took)
        })
    }
}
