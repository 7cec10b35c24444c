//! `callbox check`: everything that is wrong with a config, or what it would run.
use crate::config::complaint::EXIT_CODE;
use crate::config::{World, world};
use crate::record::Boundaries;
use crate::record::seam::Seam;
use clap::Args;
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

/// The most gaps and overlaps that are told one by one.
const MOST_SEAMS: usize = 100;

/// What `callbox check` takes.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// The config; the lab's if left out
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Reads the config, runs the owner's cases and prints what came of it. 64 when anything is wrong.
pub fn run(args: &CheckArgs) -> ExitCode {
    let world = match &args.config {
        Some(path) => world::load(path),
        None => world::lab(),
    };
    let complaints = match &world {
        Ok(world) => world.run_cases(),
        Err(complaints) => complaints.clone(),
    };
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    match world {
        Ok(world) if complaints.is_empty() => {
            print!("{}", summary(&world));
            ExitCode::SUCCESS
        }
        _ => {
            let count = complaints.len();
            eprintln!("callbox: {count} {}", if count == 1 { "complaint" } else { "complaints" });
            ExitCode::from(EXIT_CODE)
        }
    }
}

/// What a node with this config would run.
fn summary(world: &World) -> String {
    let World { settings, snapshot, tables, version, cases, .. } = world;
    let mut out = String::from("OK\n");
    let mut line = |what: &str, value: String| {
        let _grows = writeln!(out, "{what:<10}{value}");
    };
    for listener in &settings.listeners {
        line("listener", format!("{} {}", listener.transport.via(), listener.address));
    }
    for trunk in &settings.trunks {
        let port = trunk.port.map(|port| format!(" port {port}")).unwrap_or_default();
        line("trunk", format!("{} at {}{port}", trunk.name, trunk.host));
    }
    for source in &settings.sources {
        line("source", format!("{} for {}, site {}", source.trunk, source.organisation, source.default_site));
    }
    let mut plans: Vec<_> = snapshot.dial_plans.values().collect();
    plans.sort_by(|left, right| left.country.cmp(&right.country));
    let on =
        |on: bool| plans.iter().filter(|plan| plan.switched_on == on).map(|plan| &*plan.country).collect::<Vec<_>>();
    line("countries", format!("on: {}; off: {}", on(true).join(" "), on(false).join(" ")));
    let (sites, places, lines) = (tables.sites.len(), tables.locations.len(), tables.lines.len());
    line("tables", format!("{sites} sites, {places} buildings and locations, {lines} numbers"));
    if !snapshot.boundaries.is_empty() {
        line("areas", seams(&snapshot.boundaries));
    }
    if let (Some(path), Some(version)) = (&settings.node.store, version) {
        line("store", format!("{} version {version}", path.display()));
    }
    line("metrics", settings.metrics.address.map_or("nowhere".into(), |address| format!("http://{address}/metrics")));
    line("cases", format!("{} of {} as they should be", cases.len(), cases.len()));
    if settings.node.loopback_only {
        line("reach", "this machine only: no real emergency number can be called".into());
    }
    out
}

/// How many boundaries there are, and where they do not meet. That is no fault: a city may lie in its county, and nobody
/// may live in a lake.
fn seams(boundaries: &Boundaries) -> String {
    let seams = boundaries.seams();
    let count = boundaries.names().count();
    let mut out = match seams.len() {
        0 => format!("{count} boundaries, without gaps and overlaps"),
        found => format!("{count} boundaries, with {found} gaps and overlaps"),
    };
    for Seam { both, area, near } in seams.iter().take(MOST_SEAMS) {
        let what = match both {
            Some((first, second)) => format!("{first} and {second} overlap; where shares are equal, {first} decides"),
            None => "nobody has the ground within".to_owned(),
        };
        let (north, east, area) = (near.latitude, near.longitude, area / 1e6);
        let _grows = write!(out, "\n{:<10}{what}: {area:.4} km² near {north:.5}, {east:.5}", "");
    }
    if seams.len() > MOST_SEAMS {
        let _grows = write!(out, "\n{:<10}and {} smaller ones", "", seams.len() - MOST_SEAMS);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Boundary;

    #[test]
    fn the_summary_of_the_lab_says_what_it_would_run() {
        let summary = summary(&world::lab().unwrap());
        for line in [
            "OK\n",
            "listener  UDP 127.0.0.1:5060\n",
            "trunk     psap-1 at 127.0.0.1 port 5070\n",
            "source    pbx for acme, site hq\n",
            "countries on: CA DK GB US; off: ",
            "metrics   http://127.0.0.1:9090/metrics\n",
            "reach     this machine only",
        ] {
            assert!(summary.contains(line), "{line} is not in\n{summary}");
        }
    }

    #[test]
    fn where_boundaries_do_not_meet_is_told() {
        let boxed = |name: &str, west: f64, east: f64| Boundary {
            name: name.into(),
            parts: geo::Rect::new((west, 0.0), (east, 1.0)).to_polygon().into(),
        };
        let two = |gap: f64| Boundaries::new(vec![boxed("west", 0.0, 1.0), boxed("east", 1.0 - gap, 2.0)]);
        assert_eq!(seams(&two(0.0)), "2 boundaries, without gaps and overlaps");
        let told = seams(&two(0.1));
        let wanted = "west and east overlap; where shares are equal, west decides: 1239.";
        assert!(told.contains(wanted) && told.ends_with(" km² near 0.50000, 0.95000"), "{told}");
    }
}
