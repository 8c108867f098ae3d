//! Ctrl-C and SIGTERM while an apply runs: once, what runs is finished and nothing is begun; twice, it stops at once.

use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::{Home, Ran};

/// Written in this order with `--parallelism 1`: the store, the crontab, which is slow, and then the first backup.
static POLICY: LazyLock<String> =
    LazyLock::new(|| super::POLICY.replace("systemd: { directory: '@/units' }", "cron: { user: true }"));

/// A crontab(1) that takes its time: writing says that it has begun, and ends once it may.
const CRONTAB: &str = "#!/bin/sh
if [ \"$1\" = -l ]; then
  cat '@/table' 2>/dev/null || { echo 'no crontab for ada' >&2; exit 1; }
  exit 0
fi
cat > '@/draft'
: > '@/begun'
until [ -e '@/go' ]; do sleep 0.02; done
mv '@/draft' '@/table'
";

/// Long enough for the busiest machine.
const PATIENCE: Duration = Duration::from_secs(120);

struct Slow {
    home: Home,
    child: Child,
}

impl Slow {
    /// An apply that hangs in the middle of writing the crontab.
    fn begun(more: &[&str]) -> Self {
        let home = Home::new();
        home.policy(&POLICY);
        std::fs::create_dir(home.path("bin")).unwrap();
        let program = home.path("bin/crontab");
        std::fs::write(&program, CRONTAB.replace('@', &home.path("").display().to_string())).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let arguments = [&["apply", "--auto-approve", "--parallelism", "1"], more].concat();
        let mut command = home.command(&arguments);
        command.process_group(0).env("PATH", path(&home)).stdout(Stdio::piped()).stderr(Stdio::piped());
        let slow = Self { child: command.spawn().unwrap(), home };
        slow.until(|slow| slow.home.path("begun").exists());
        slow
    }

    fn until(&self, holds: impl Fn(&Self) -> bool) {
        let end = Instant::now() + PATIENCE;
        while !holds(self) {
            assert!(Instant::now() < end, "it never came to that");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// As a terminal does it: to bdr and to everything in its group.
    fn signal(&self, signal: Signal) {
        kill_process_group(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits until it has said something on stderr.
    fn heard(&mut self, words: &str) -> String {
        let mut heard = Vec::new();
        let pipe = self.child.stderr.as_mut().unwrap();
        let mut byte = [0];
        while !String::from_utf8_lossy(&heard).contains(words) {
            assert_eq!(pipe.read(&mut byte).unwrap(), 1, "it ended without: {words}\n{}", String::from_utf8_lossy(&heard));
            heard.push(byte[0]);
        }
        String::from_utf8(heard).unwrap()
    }

    fn ended(self) -> (Home, Ran) {
        let ran = Ran::of(&self.child.wait_with_output().unwrap());
        (self.home, ran)
    }
}

fn path(home: &Home) -> String {
    format!("{}:/usr/bin:/bin", home.path("bin").display())
}

fn run(home: &Home, arguments: &[&str]) -> Ran {
    Ran::of(&home.command(arguments).env("PATH", path(home)).output().unwrap())
}

#[test]
fn asked_once_what_runs_is_finished_nothing_is_begun_and_what_is_left_is_told() {
    for signal in [Signal::INT, Signal::TERM] {
        let mut slow = Slow::begun(&[]);
        slow.signal(signal);
        slow.heard("nothing more is begun");
        std::fs::write(slow.home.path("go"), "").unwrap();
        let (home, ran) = slow.ended();
        let ran = ran.ends(3);
        assert!(home.text("table").contains("# bdr begin notes"), "what ran was finished");
        assert!(ran.stdout.contains("left     component.docs/run:nightly"), "{ran:#?}");
        assert!(ran.stdout.contains("Partly applied: 2 changes done, 1 first backup not begun (asked to stop)."), "{ran:#?}");
        assert!(ran.stdout.contains("run `bdr apply` again"), "{ran:#?}");
        assert!(ran.stderr.contains("lease    given back"), "{ran:#?}");
        assert!(run(&home, &["unlock"]).ends(0).stderr.contains("Nobody holds the lease"));
        run(&home, &["apply", "--auto-approve"]).ends(0);
        run(&home, &["plan", "--detailed-exitcode"]).ends(0);
    }
}

#[test]
fn asked_twice_it_stops_at_once_and_the_next_run_makes_it_good() {
    for signals in [[Signal::INT, Signal::INT], [Signal::TERM, Signal::INT]] {
        let mut slow = Slow::begun(&[]);
        slow.signal(signals[0]);
        slow.heard("nothing more is begun");
        slow.signal(signals[1]);
        // It ends although what runs would go on for ever.
        let (home, ran) = slow.ended();
        let ran = ran.ends(3);
        assert!(!home.path("table").exists(), "it did not wait");
        assert!(ran.stdout.contains("cut off  component.docs/cron_entry:nightly"), "{ran:#?}");
        assert!(ran.stdout.contains("the next plan tells whether it took effect"), "{ran:#?}");
        assert!(ran.stdout.contains("1 change cut off, 1 first backup not begun (asked to stop at once)."), "{ran:#?}");
        assert!(ran.stderr.contains("lease    given back"), "{ran:#?}");
        std::fs::write(home.path("go"), "").unwrap();
        run(&home, &["apply", "--auto-approve"]).ends(0);
        run(&home, &["plan", "--detailed-exitcode"]).ends(0);
    }
}

#[test]
fn the_events_of_a_run_that_is_stopped_fit_their_schema_too() {
    let mut slow = Slow::begun(&["--format", "json"]);
    slow.signal(Signal::INT);
    slow.heard("nothing more is begun");
    slow.signal(Signal::INT);
    let (_, ran) = slow.ended();
    let schema = std::fs::read_to_string(crate::tidy::root().join("schemas/event.json")).unwrap();
    let validator = jsonschema::validator_for(&serde_json::from_str(&schema).unwrap()).unwrap();
    let events: Vec<serde_json::Value> = ran.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for event in &events {
        assert!(validator.is_valid(event), "{event}");
    }
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    for name in ["run_started", "lease_taken", "action_started", "stopping", "action_ended", "lease_given_back", "run_ended"] {
        assert!(names.contains(&name), "no {name} in {names:?}");
    }
    assert!(events.iter().any(|event| event["outcome"]["outcome"] == "cut_off"), "{events:#?}");
}
