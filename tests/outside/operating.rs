//! What an operator does to a running router: reads its numbers, gives it another config, lets it go.
use crate::lab_config::LabConfig;
use crate::lab_ports::LabPorts;
use crate::program::Program;
use crate::router;
use crate::sipp::{Answerer, Caller};
use std::process::Command;

const PSAP_1: u16 = 5070;
const PSAP_2: u16 = 5071;

fn says(router: &mut Program, words: &str) {
    router.await_line(words, |line| line.contains(words).then_some(()));
}

#[test]
fn prometheus_reads_what_became_of_a_call_and_nothing_of_who_made_it() {
    let _ports = LabPorts::locked();
    let mut psap = Answerer::start("psap", PSAP_1);
    let mut router = router::run("conf/lab.toml");
    let mut caller = Caller::new("call").starts();
    psap.finishes();
    caller.finishes();
    says(&mut router, "call ended");
    let page = router::metrics();
    assert!(page.contains("200 OK"), "{page}");
    for line in [
        "callbox_calls_total{class=\"emergency\",outcome=\"completed\"} 1",
        "callbox_attempts_total{trunk=\"psap-1\",outcome=\"answered\"} 1",
        "callbox_decision_seconds_count 1",
        "callbox_setup_seconds_count 1",
        "callbox_active_calls 0",
    ] {
        assert!(page.lines().any(|found| found == line), "no {line} in\n{page}");
    }
    assert!(!page.contains("3125550123"), "{page}");
}

#[test]
fn a_reload_sends_the_next_call_elsewhere_and_leaves_the_call_in_progress_alone() {
    let _ports = LabPorts::locked();
    let config = LabConfig::copied();
    let mut first = Answerer::start("hangs-up-late", PSAP_1);
    let mut second = Answerer::start("psap", PSAP_2);
    let mut router = router::run_file(&config.file());
    let mut talking = Caller::new("is-hung-up-on").starts();
    says(&mut router, "answered");
    config.replace("port = 5070\npriority = 10", "port = 5070\npriority = 30");
    router.signal("HUP");
    says(&mut router, "config read again");
    let mut caller = Caller::new("call").starts();
    second.finishes();
    caller.finishes();
    first.finishes();
    talking.finishes();
}

#[test]
fn a_config_that_is_wrong_is_told_at_a_reload_and_the_one_before_stays() {
    let _ports = LabPorts::locked();
    let config = LabConfig::copied();
    let mut psap = Answerer::start("psap", PSAP_1);
    let mut router = router::run_file(&config.file());
    config.replace("kind = \"psap-i3\"", "kind = \"psap-i4\"");
    router.signal("HUP");
    says(&mut router, "config not taken");
    let mut caller = Caller::new("call").starts();
    psap.finishes();
    caller.finishes();
}

#[test]
fn a_router_that_is_told_to_leave_lets_the_call_finish_first() {
    let _ports = LabPorts::locked();
    let mut psap = Answerer::start("hangs-up-late", PSAP_1);
    let mut router = router::run("conf/lab.toml");
    let mut caller = Caller::new("is-hung-up-on").starts();
    says(&mut router, "answered");
    router.signal("TERM");
    psap.finishes();
    caller.finishes();
    assert!(router.await_end().success());
}

#[test]
fn a_log_that_nobody_reads_delays_no_call() {
    let _ports = LabPorts::locked();
    // The pipe that the log goes into is full from the beginning, and whoever should read it sleeps.
    let script = "exec 3>&1; (head -c 65536 /dev/zero >&2; exec \"$0\" run --config \"$1\") 2>&1 >&3 | sleep 600";
    let mut command = Command::new("sh");
    command.arg("-c").arg(script).arg(env!("CARGO_BIN_EXE_callbox")).arg(router::in_repository("conf/lab.toml"));
    let mut psap = Answerer::start("psap", PSAP_1);
    let mut router = Program::start_with_children("callbox run, with a log that nobody reads", command);
    says(&mut router, "callbox ready");
    Caller::new("call").calls();
    psap.finishes();
    assert!(router::metrics().contains("callbox_calls_total{class=\"emergency\",outcome=\"completed\"} 1"));
}
