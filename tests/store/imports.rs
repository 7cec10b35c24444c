//! Files into the store and out of it.
use crate::bench::{Bench, lab_tables};
use std::os::unix::fs::PermissionsExt;

const LOCATIONS: &str = "id,building,FLR,ROOM,elin\nhq-101,hq-main,1,101,+13125550111\nhq-217,hq-main,2,217,\n\
                         hq-301,hq-main,3,301,\nhq-4,hq-main,4,,\n";

#[test]
fn what_is_exported_is_what_was_imported_and_to_import_it_again_changes_nothing() {
    let bench = Bench::of_the_lab();
    let out = bench.path("out");
    bench.does("export", &[&out]);
    assert!(bench.takes(&[&out]).ends_with("\nnothing is changed\n"));
    assert!(bench.takes(&[&lab_tables()]).ends_with("\nnothing is changed\n"), "another spelling is no change");
    let other = Bench::new();
    other.takes(&[&out]);
    assert_eq!(other.tables(), bench.tables());
    let mode = std::fs::metadata(bench.path("callbox.db")).expect("the store").permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it holds what is nobody else's business");
}

#[test]
fn a_dry_run_tells_every_change_and_makes_none() {
    let bench = Bench::of_the_lab();
    let before = bench.tables();
    let moved = bench.write("a/locations.csv", &LOCATIONS.replace("2,217", "2,218"));
    let more = bench.write("a/numbers.csv", "number,site,location\n+1 312 555 0125,hq,hq-217\n");
    let output = bench.command("import").arg("--dry-run").args([&moved, &more]).output().expect("callbox runs");
    let told = crate::bench::said(&output);
    assert_eq!(
        told,
        "~ locations hq-217: ROOM 217 -> 218\n+ numbers acme +13125550125\n1 added, 1 changed, 0 removed, 3 as they \
         were\nnothing is changed: this was a dry run\n"
    );
    assert_eq!(bench.tables(), before);
    assert!(bench.takes(&[&bench.path("a")]).ends_with("\nversion 2\n"));
    assert_ne!(bench.tables(), before);
    let fresh = Bench::new();
    let output = fresh.command("import").arg("--dry-run").arg(lab_tables()).output().expect("callbox runs");
    assert!(output.status.success() && !fresh.path("callbox.db").exists(), "what is only looked at is not made");
}

#[test]
fn a_bad_file_is_told_whole_and_leaves_everything_as_it_was() {
    let bench = Bench::of_the_lab();
    let before = bench.tables();
    let good = bench.write("b/locations.csv", &LOCATIONS.replace("2,217", "2,218"));
    let bad = "number,site,location,reachable\n+13125550126,hq,hq-217,yes\n12x,hp,hq-999,perhaps\n911,hq,,\n4120,hq\n";
    let bad = bench.write("b/numbers.csv", bad);
    let told = bench.refuses(&[], &[&good, &bad]);
    let file = bad.display();
    for fault in [
        format!("{file}:3 number: this is neither a number in international form nor an extension; try to write"),
        format!("{file}:3 site: no such site; try to add it to the sites"),
        format!("{file}:3 location: no such location; try to add it"),
        format!("{file}:3 reachable: this is neither yes nor no; try to write yes or no"),
        format!("{file}:4 number: this is a code of the site's dial plan; try to"),
        format!("{file}:5: the line has 2 cells, the header 4; try to check"),
    ] {
        // What is wrong with the shape of a file is told before what its cells say.
        let shape = fault.contains("cells, the header");
        assert_eq!(told.contains(&fault), shape, "{fault}\n{told}");
    }
    assert!(!told.contains("12x"), "no cell is repeated");
    bench.write("b/numbers.csv", "number,site,location,reachable\n12x,hp,hq-999,perhaps\n911,hq,,\n");
    let told = bench.refuses(&[], &[&good, &bad]);
    assert_eq!(told.lines().count(), 5, "{told}");
    assert_eq!(bench.tables(), before);
}

#[test]
fn a_file_that_does_not_fit_what_is_stored_is_refused_where_it_does_not() {
    let bench = Bench::of_the_lab();
    let before = bench.tables();
    let twice = "id,organisation,class,mac\nnew,acme,fixed,02:00:00:00:0a:01\n";
    let told = bench.refuses(&[], &[&bench.write("devices.csv", twice)]);
    assert!(told.contains("devices.csv:2 mac: the organisation has a device with this address"), "{told}");
    let nowhere = "id,organisation,country,stage1,stage2,gateway\nhq,acme,US,no,no,\n";
    let told = bench.refuses(&[], &[&bench.write("sites.csv", nowhere)]);
    assert!(told.contains("sites.csv hq: its emergency calls are not ours, and it has no gateway"), "{told}");
    assert_eq!(bench.tables(), before);
    assert!(bench.refuses(&[], &[&bench.write("people.csv", "")]).contains("is not named as a table"));
}

#[test]
fn a_number_that_moves_to_another_site_is_one_change() {
    let bench = Bench::of_the_lab();
    let told = bench.takes(&[&bench.write("numbers.csv", "number,site,reachable\n+13125550124,branch,yes\n")]);
    assert!(told.starts_with("~ numbers acme +13125550124: site hq -> branch\n"), "{told}");
}

#[test]
fn nothing_that_is_named_goes_unless_it_is_detached_and_the_wiremap_keeps_its_lines() {
    let bench = Bench::of_the_lab();
    let before = bench.tables();
    let without = bench.write("c/locations.csv", &LOCATIONS.replace("hq-4,hq-main,4,,\n", ""));
    let told = bench.refuses(&["--replace"], &[&without]);
    assert!(told.contains("wiremap acme 10.1.4.0/24: location names hq-4 of locations\n"), "{told}");
    assert!(told.contains("devices hq-desk-3: home names hq-4 of locations\n"), "{told}");
    assert_eq!(bench.tables(), before);
    let output = bench.command("import").args(["--replace", "--detach"]).arg(&without).output().expect("callbox runs");
    let told = crate::bench::said(&output);
    assert!(told.contains("- locations hq-4\n~ devices hq-desk-3: home hq-4 -> nothing\n"), "{told}");
    assert!(bench.tables().contains("acme,,,,,,10.1.4.0/24,\n"), "the line of the wiremap stays and names no place");
    let none = bench.write("c/buildings.csv", "id,country\nbranch-main,US\n");
    let told = bench.refuses(&["--replace", "--detach"], &[&none]);
    assert!(told.contains("locations hq-101: building names hq-main of buildings and needs it\n"), "{told}");
}
