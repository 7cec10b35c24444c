//! What was acknowledged is there, whenever the one who acknowledged it is killed.
use crate::bench::{Bench, text};
use std::process::Stdio;
use std::time::Duration;

/// How many imports are begun.
const IMPORTS: u64 = 60;

#[test]
fn an_import_that_is_killed_at_any_moment_is_there_whole_when_it_said_so_and_never_in_part() {
    let bench = Bench::of_the_lab();
    let (mut acknowledged, mut cut_short) = (0, 0);
    for round in 0..IMPORTS {
        let lines: String = (0..5).map(|line| format!("{},hq\n", 100_000 + round * 10 + line)).collect();
        let file = bench.write(&format!("{round}/numbers.csv"), &format!("number,site\n{lines}"));
        let mut command = bench.command("import");
        let mut child = command.arg(&file).stdout(Stdio::piped()).spawn().expect("callbox runs");
        // From before the file is open to after all is done, on a busy machine too.
        std::thread::park_timeout(Duration::from_micros(round * round * 80));
        child.kill().expect("it is ours to kill");
        let output = child.wait_with_output().expect("it ends");
        let said_so = text(&output.stdout).contains("\nversion ");
        let tables = bench.tables();
        let there = (0..5).filter(|line| tables.contains(&format!("\n{},hq,", 100_000 + round * 10 + line))).count();
        assert!(there == 0 || there == 5, "round {round}: {there} of 5 lines");
        assert!(there == 5 || !said_so, "round {round}: acknowledged and lost");
        acknowledged += u64::from(said_so);
        cut_short += u64::from(there == 0);
    }
    assert!(acknowledged > 0 && cut_short > 0, "{acknowledged} acknowledged, {cut_short} cut short of {IMPORTS}");
}
