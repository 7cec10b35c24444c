//! `callbox lab`: the router with the lab's config, and the far ends that it calls, in one process.
use super::run::{complain, list, start};
use crate::config;
use crate::lab::{self, End, NotStarted, Running};
use core::fmt::Write as _;
use std::io::Write as _;
use std::process::ExitCode;

/// Runs the lab until it is told to leave. The far ends have a thread and a runtime of their own: what they do costs the
/// router nothing.
pub fn run() -> ExitCode {
    let world = match config::world::lab() {
        Ok(world) => world,
        Err(complaints) => return complain(&complaints),
    };
    let ends = match tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("callbox: no runtime for the far ends: {error}");
            return ExitCode::FAILURE;
        }
    };
    let running = match ends.block_on(far_ends()) {
        Ok(running) => running,
        Err(error) => {
            eprintln!("callbox: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = start(world, Box::new(config::world::lab), |listening| {
        say(&welcome());
        say(&format!("callbox ready on {}", list(listening)));
    });
    drop(running);
    ended
}

/// Starts the lab's far ends on their fixed ports. What happens to them is printed, a line at a time: these are
/// invented numbers and addresses, shown to the person who runs the lab, and they go to no log.
async fn far_ends() -> Result<Running, NotStarted> {
    lab::start(&lab::ends(), |name, line| say(&format!("{name:<8} {line}"))).await
}

/// What listens where, and what to try.
fn welcome() -> String {
    let mut out = String::from("The lab speaks on loopback alone: nothing here can reach a real emergency number.\n\n");
    for End { name, at, .. } in lab::ends() {
        // Writing to a String cannot fail.
        let _ = writeln!(out, "  {name:<8} {at}  {}", what(&name));
    }
    out.push_str(
        "\nIn another terminal:\n\n  \
         callbox call 911 --from +13125550123   a PSAP answers and sees room 101\n  \
         callbox call 911 --from +13125550124   no address is known: the relay center answers\n  \
         callbox call 933 --record heard.wav     callbox reads the number and the room\n  \
         callbox call 988                       the crisis line answers and is told no address\n\n  \
         curl -N -u 6f0c2f0e-0911-4000-8000-000000000911:lab-only-secret \
         'http://127.0.0.1:8080/client/v1/events?number=%2B13125550123'\n                                         \
         what a desktop of room 101 hears meanwhile\n",
    );
    out
}

fn what(name: &str) -> &'static str {
    match name {
        "psap-1" | "psap-2" => "PSAP (NENA i3)",
        "relay" => "relay center",
        "crisis" => "crisis line",
        "gateway" => "the site's gateway to the telephone network",
        "pbx" => "PBX",
        "ivr" => "stand-in of the test IVR",
        _ => "",
    }
}

/// Prints a line; a reader that has gone away is no reason to end the lab.
fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}
