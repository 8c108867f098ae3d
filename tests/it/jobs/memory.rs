//! Memory stays within its bound, whatever the size of the tree and however many backups there are.

use std::time::{Duration, Instant};

use bdr::address::BackupId;
use bdr::catalog::manifest::Manifest;

use super::{home, manifests, noise};
use crate::binary::Home;

/// Peak resident set that no command goes over, KiB.
const MOST: u64 = 150 << 10;

/// Runs the binary below a parent that knows the peak of its children (getrusage(2), `RUSAGE_CHILDREN`).
#[track_caller]
fn stays_small(home: &Home, arguments: &[&str]) -> String {
    let script = "import resource, subprocess, sys\n\
                  code = subprocess.run(sys.argv[1:]).returncode\n\
                  print('peak', resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)\n\
                  sys.exit(code)";
    let mut command = std::process::Command::new("python3");
    command.args(["-c", script, env!("CARGO_BIN_EXE_bdr")]).args(arguments).current_dir(home.path(""));
    let output = command.env_remove("BDR_POLICY").output().unwrap();
    let (out, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "bdr {}: {said}", arguments.join(" "));
    let peak = said.lines().find_map(|line| line.strip_prefix("peak ")).and_then(|number| number.parse::<u64>().ok()).unwrap();
    assert!(peak < MOST, "bdr {} took {} MiB", arguments.join(" "), peak >> 10);
    out.into_owned()
}

#[test]
fn a_tree_of_many_and_of_large_files_takes_bounded_memory() {
    let home = home();
    for folder in 0..100 {
        let folder = home.path(&format!("docs/many/{folder}"));
        std::fs::create_dir_all(&folder).unwrap();
        for at in 0..200 {
            std::fs::write(folder.join(format!("{at}")), format!("{at}").repeat(at)).unwrap();
        }
    }
    for at in 0..4 {
        std::fs::write(home.path(&format!("docs/large-{at}")), noise(at, 64 << 20)).unwrap();
    }
    let back = home.path("back").display().to_string();
    stays_small(&home, &["backup", "docs"]);
    stays_small(&home, &["backup", "docs"]);
    stays_small(&home, &["verify", "docs", "--read-data"]);
    stays_small(&home, &["restore", "docs", "--to", &back]);
    stays_small(&home, &["restore", "docs", "--to", &back, "--overwrite", "--delete-extra"]);
}

#[test]
fn thousands_of_backups_are_listed_in_bounded_memory_and_soon() {
    const BACKUPS: i64 = 3_000;
    let home = home();
    home.run(&["backup", "docs"]).ends(0);
    let (path, manifest) = manifests(&home).remove(0);
    let shelf = path.parent().unwrap().parent().unwrap().to_path_buf();
    for day in 1..BACKUPS {
        let at = manifest.snapshot - Duration::from_secs(86_400 * day as u64);
        let older = Manifest { id: BackupId::new(at, 7), snapshot: at, started: at, committed: at, ..manifest.clone() };
        std::fs::create_dir(shelf.join(older.id.to_string())).unwrap();
        std::fs::write(shelf.join(older.id.to_string()).join("manifest.json"), older.encode().unwrap()).unwrap();
    }
    for arguments in [&["list"][..], &["list", "--format", "json"], &["prune", "--dry-run"]] {
        let begun = Instant::now();
        let out = stays_small(&home, arguments);
        assert!(out.lines().count() as i64 > BACKUPS, "{}", out.lines().count());
        assert!(begun.elapsed() < Duration::from_secs(30), "{arguments:?} took {:?}", begun.elapsed());
    }
}
